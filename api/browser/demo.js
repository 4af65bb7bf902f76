// The shop of /demo: what a page does besides the script. With keys it is /demo?key=pk_…
(function () {
  "use strict";
  var recsys = window.recsys, shelf = document.getElementById("shelf"), looked = [];
  var status = document.getElementById("status"), rung = document.querySelector(".rung");
  if (!recsys) return say("The loader was blocked: the page's own shelf stays.");
  recsys.load(new URLSearchParams(location.search).get("key") || "");

  function say(text) {
    status.textContent = text;
  }
  function on(id, act) {
    document.getElementById(id).addEventListener("click", act);
  }
  function choice(id) {
    ["agree", "refuse"].forEach(function (each) {
      document.getElementById(each).setAttribute("aria-pressed", each === id);
    });
  }
  function agree() {
    choice("agree");
    say("Agreed: you have a random id in a cookie; what you choose below changes your list.");
    recsys.consent(["profiling"]);
  }
  on("agree", agree);
  on("refuse", function () {
    choice("refuse");
    say("Refused: no id, no events; the list is everybody's.");
    recsys.consent([]);
  });
  on("reset", function () {
    looked = [];
    history();
    recsys.reset();
    say("Forgotten: whoever comes next is somebody else.");
  });
  // A shop remembers what was agreed to; here the id that is there only after a yes says it.
  if (/(?:^|; )recsys_id=/.test(document.cookie)) agree();
  addEventListener("error", function (event) {
    if (event.target.tagName === "SCRIPT") say("The script was blocked: the page's own shelf stays.");
  }, true);
  shelf.addEventListener("recsys:shown", function (event) {
    rung.textContent = "This list is from the rung " + event.detail.rung + ".";
    [].forEach.call(shelf.querySelectorAll(".card"), function (card) {
      card.querySelector(".art").classList.add("art-" + drawn(card.querySelector(".title").textContent));
      card.addEventListener("click", choose);
    });
  });
  shelf.addEventListener("recsys:fallback", function (event) {
    rung.textContent = "The page's own shelf stays: " + event.detail.reason + ".";
  });
  // The same thing has the same picture wherever it stands.
  function drawn(title) {
    return [].reduce.call(title, function (sum, letter) {
      return (sum * 31 + letter.charCodeAt(0)) % 6;
    }, 0);
  }
  function choose(event) {
    var card = event.currentTarget;
    event.preventDefault();
    looked.unshift(card.querySelector(".title").textContent);
    history();
    // The click was sent by the script, and is a look at the item: the next list knows it.
    setTimeout(function () {
      recsys.place(shelf);
    }, 400);
  }
  function history() {
    var list = document.getElementById("history");
    list.textContent = "";
    looked.slice(0, 5).forEach(function (title) {
      list.appendChild(document.createElement("li")).textContent = title;
    });
  }
})();
