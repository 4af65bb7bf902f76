// recsys.js: lists on a page, and what becomes of them. Nothing is sent or stored before consent.
(function (w, d) {
  "use strict";
  var WAIT = 300, SHOWN_MS = 1000, FLUSH_MS = 2000, MOST_BYTES = 32000, MOST_KEPT = 100, LARGE = 242000;
  var COOKIE = "recsys_id", LATER = "recsys_later", YEAR = 31536000;
  var waiting = w.recsys || [];
  var host = new URL((d.currentScript || {}).src || "/", d.baseURI).origin;
  var key, allowed, user = {}, queue = [], calls = [], timer = 0, visit = 0;
  var seen = {}, watched = [], observer, at = address();

  // --- who it is: a random id in a cookie of the parent domain, kept only with consent
  function cookie(value, age) {
    var parts = location.hostname.split("."), i = parts.length - 1;
    for (; i >= 0; i--) {
      var domain = parts.slice(i).join(".");
      d.cookie = COOKIE + "=" + value + ";path=/;max-age=" + age + ";samesite=lax" +
        (i || parts.length > 1 && isNaN(parts[parts.length - 1]) ? ";domain=" + domain : "") +
        (location.protocol === "https:" ? ";secure" : "");
      // A public suffix or a bare host refuses the domain: one level down then.
      if (age ? read() === value : !read()) return;
    }
    d.cookie = COOKIE + "=" + value + ";path=/;max-age=" + age + ";samesite=lax";
  }
  function read() {
    var found = d.cookie.match(/(?:^|; )recsys_id=([0-9a-f-]{36})/);
    return found ? found[1] : "";
  }
  function anonymous() {
    var id = read();
    if (!id) {
      id = crypto.randomUUID ? crypto.randomUUID() : uuid();
      cookie(id, YEAR);
    }
    return id;
  }
  function uuid() {
    var b = crypto.getRandomValues(new Uint8Array(16)), hex = "";
    b[6] = b[6] & 15 | 64;
    b[8] = b[8] & 63 | 128;
    b.forEach(function (x, i) {
      hex += (i === 4 || i === 6 || i === 8 || i === 10 ? "-" : "") + (x + 256).toString(16).slice(1);
    });
    return hex;
  }

  // --- events out: text/plain, so that no browser asks first; what a page cannot send, the next does
  function send(event) {
    if (!allowed) return;
    event.anonymousId = anonymous();
    if (user.id) event.userId = user.id;
    if (user.hash) event.user_hash = user.hash;
    event.messageId = event.messageId || uuid();
    event.timestamp = new Date().toISOString();
    queue.push(event);
    if (!timer) timer = setTimeout(flush, FLUSH_MS);
  }
  // While the page stays its answer is waited for; who leaves has no more than a beacon.
  function flush(leaving) {
    clearTimeout(timer);
    timer = 0;
    if (key === undefined || !allowed) return;
    var batch = [], size = 0;
    queue.concat([0]).forEach(function (event) {
      var length = event ? new Blob([JSON.stringify(event)]).size : 0;
      if (batch.length && (!event || size + length > MOST_BYTES)) {
        post(batch, leaving);
        batch = [];
        size = 0;
      }
      if (event && length < MOST_BYTES) {
        batch.push(event);
        size += length + 1;
      }
    });
    queue = [];
  }
  function post(batch, leaving) {
    var body = JSON.stringify({ batch: batch, sentAt: new Date().toISOString() });
    var url = host + "/v1/events" + (key ? "?key=" + encodeURIComponent(key) : "");
    try {
      if (leaving && navigator.sendBeacon && navigator.sendBeacon(url, body)) return;
    } catch (error) { /* blocked: by fetch then */ }
    fetch(url, { method: "POST", body: body, keepalive: true, credentials: "omit" }).then(
      function (answer) {
        if (answer.status > 499 || answer.status === 429) keep(batch);
      },
      function () {
        keep(batch);
      }
    );
  }
  function keep(batch) {
    try {
      if (allowed) localStorage.setItem(LATER, JSON.stringify(kept().concat(batch).slice(-MOST_KEPT)));
    } catch (error) { /* no room, or no storage: lost */ }
  }
  function kept() {
    try {
      return JSON.parse(localStorage.getItem(LATER)) || [];
    } catch (error) {
      return [];
    }
  }
  function forget() {
    queue = [];
    user = {};
    seen = {};
    try {
      localStorage.removeItem(LATER);
    } catch (error) { /* no storage, nothing in it */ }
    if (read()) cookie("", 0);
  }

  // --- seen: half of the pixels (30 % of what is large) for a second on end, in a tab that shows
  function watch(element, about) {
    if (!w.IntersectionObserver || !allowed) return;
    observer = observer || new IntersectionObserver(looked, { threshold: [0, 0.3, 0.5, 1] });
    watched.push({ element: element, about: about });
    observer.observe(element);
  }
  function looked(entries) {
    entries.forEach(function (entry) {
      var one = watched.filter(function (each) { return each.element === entry.target; })[0];
      if (!one) return;
      var box = entry.boundingClientRect, large = box.width * box.height > LARGE;
      one.enough = entry.isIntersecting && entry.intersectionRatio >= (large ? 0.3 : 0.5);
      time(one);
    });
  }
  function time(one) {
    var counts = one.enough && d.visibilityState !== "hidden";
    if (counts && !one.timer) {
      one.timer = setTimeout(function () {
        observer.unobserve(one.element);
        watched.splice(watched.indexOf(one), 1);
        tell("impression", one.about);
      }, SHOWN_MS);
    } else if (!counts && one.timer) {
      clearTimeout(one.timer);
      one.timer = 0;
    }
  }
  function tell(kind, about) {
    var name = kind + about.recommendation_id + " " + about.item_id;
    if (kind === "impression" && seen[name]) return;
    seen[name] = 1;
    send({
      type: "track", event: kind, recommendation_id: about.recommendation_id,
      placement: about.placement, item_id: about.item_id, rank: about.rank
    });
  }

  // --- placements: what the page shows already stays until there is an answer in time
  function place(target) {
    var found = typeof target === "string" ? d.querySelectorAll(target) : target ? [target] :
      d.querySelectorAll("[data-recsys-placement]");
    [].forEach.call(found, function (element) {
      if (target || element.recsysVisit !== visit) ask(element);
    });
  }
  function ask(element) {
    var template = element.querySelector("template"), now = visit, data = element.dataset;
    if (!template || key === undefined) return;
    element.recsysVisit = visit;
    var query = { key: key, limit: data.recsysLimit, item: data.recsysItem, segment: data.recsysSegment,
      lang: language() };
    if (allowed) {
      query.user_id = user.id || anonymous();
      query.user_hash = user.id && user.hash;
    }
    var text = Object.keys(query).filter(function (name) { return query[name]; }).map(function (name) {
      return name + "=" + encodeURIComponent(query[name]);
    }).join("&");
    var abort = new AbortController(), why = "error";
    var late = setTimeout(function () {
      why = "timeout";
      abort.abort();
    }, +data.recsysWait || WAIT);
    if (navigator.onLine === false) why = "offline";
    fetch(host + "/v1/placements/" + encodeURIComponent(data.recsysPlacement) + "/items?" + text, {
      signal: abort.signal, credentials: "omit"
    }).then(function (answer) {
      if (!answer.ok) throw answer.status;
      return answer.json();
    }).then(function (answer) {
      clearTimeout(late);
      if (now !== visit || !element.isConnected) return;
      if (!answer.items.length) {
        why = "empty";
        throw why;
      }
      render(element, template, answer);
    }).catch(function () {
      clearTimeout(late);
      if (now === visit) announce(element, "fallback", { reason: why });
    });
  }
  function render(element, template, answer) {
    var shown = answer.items.map(function (item) {
      var part = template.content.cloneNode(true).firstElementChild;
      fill(part, item);
      [].forEach.call(part.querySelectorAll("[data-field]"), function (field) {
        fill(field, item);
      });
      return part;
    });
    [].slice.call(element.children).forEach(function (child) {
      if (child !== template) child.remove();
    });
    shown.forEach(function (part, index) {
      var item = answer.items[index], about = {
        recommendation_id: answer.recommendation_id, placement: answer.placement,
        item_id: item.item_id, rank: item.rank
      };
      part.addEventListener("click", function () {
        tell("click", about);
        flush();
      });
      element.appendChild(part);
      watch(part, about);
    });
    announce(element, "shown", { rung: answer.rung, recommendation_id: answer.recommendation_id });
  }
  function fill(element, item) {
    var name = element.dataset.field, value = name && [].concat(item[name]).join(", ");
    if (!name) return;
    if (element.tagName === "A") {
      if (safe(value)) element.href = value;
    } else if (element.tagName === "IMG") {
      if (safe(value)) element.src = value;
      element.alt = item.title || "";
    } else element.textContent = money(value, element.dataset.currency);
  }
  function money(value, currency) {
    if (!currency || !value) return value;
    try {
      var written = { style: "currency", currency: currency };
      return new Intl.NumberFormat(language() || "en", written).format(value);
    } catch (error) {
      return value;
    }
  }
  function language() {
    return d.documentElement.lang;
  }
  function safe(url) {
    try {
      return url && /^https?:$/.test(new URL(url, d.baseURI).protocol);
    } catch (error) {
      return false;
    }
  }
  function announce(element, name, detail) {
    element.dispatchEvent(new CustomEvent("recsys:" + name, { bubbles: true, detail: detail }));
  }

  // --- the calls; until consent is said, one way or the other, all but load and consent wait
  var api = {
    load: function (given) {
      key = given;
    },
    consent: function (purposes) {
      var before = allowed, granted = purposes === true || !!purposes && [].indexOf.call(purposes, "profiling") >= 0;
      if (!granted) forget();
      allowed = granted;
      if (granted) {
        queue = kept().concat(queue);
        try {
          localStorage.removeItem(LATER);
        } catch (error) { /* none */ }
        if (queue.length) flush();
      }
      calls.splice(0).forEach(run);
      // What stands there is for somebody else now: one's own list, or everybody's.
      if (before !== undefined && before !== granted) refill();
    },
    identify: function (id, traits, hash) {
      if (!allowed) return;
      user = { id: String(id), hash: hash };
      send({ type: "identify", traits: traits || {} });
    },
    page: function (properties) {
      send({ type: "page", properties: properties || {} });
    },
    track: function (event, properties) {
      send({ type: "track", event: event, properties: properties || {} });
    },
    place: place,
    reset: function () {
      flush();
      forget();
      refill();
    }
  };
  function run(call) {
    if (allowed === undefined && call[0] !== "load" && call[0] !== "consent") calls.push(call);
    else api[call[0]].apply(null, call[1]);
  }
  Object.keys(api).forEach(function (name) {
    waiting[name] = function () {
      run([name, [].slice.call(arguments)]);
    };
  });
  w.recsys = waiting;
  waiting.splice(0).forEach(run);

  // --- pages that change without loading, and pages that end
  function address() {
    // A part of the same page is no other page; routes behind #/ and #! are.
    return location.href.replace(/#(?![!\/]).*/, "");
  }
  function moved() {
    if (at !== (at = address())) refill();
  }
  function refill() {
    visit++;
    watched.splice(0).forEach(function (one) {
      clearTimeout(one.timer);
      observer.unobserve(one.element);
    });
    // The page first shows what it moved to.
    setTimeout(function () {
      run(["place", []]);
    });
  }
  ["pushState", "replaceState"].forEach(function (name) {
    var own = w.history[name];
    w.history[name] = function () {
      own.apply(this, arguments);
      moved();
    };
  });
  w.addEventListener("popstate", moved);
  d.addEventListener("visibilitychange", function () {
    watched.forEach(time);
    if (d.visibilityState === "hidden") flush(true);
  });
  w.addEventListener("pagehide", flush);
  function start() {
    run(["place", []]);
  }
  if (d.readyState === "loading") d.addEventListener("DOMContentLoaded", start);
  else start();
})(window, document);
