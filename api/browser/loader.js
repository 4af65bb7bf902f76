// The inline loader. It notes calls, and asks for the script when the page says what was agreed to:
// before that there is no request. HOST is the script's address, INTEGRITY may be empty.
(function (w, d, host, integrity) {
  if (w.recsys) return;
  var calls = (w.recsys = []), own = d.currentScript || {}, nonce = own.nonce, script;
  "load consent identify page track place reset".split(" ").forEach(function (name) {
    calls[name] = function () {
      calls.push([name, [].slice.call(arguments)]);
      if (name !== "consent" || script) return;
      script = d.createElement("script");
      script.async = true;
      script.src = host;
      if (nonce) script.nonce = nonce;
      if (integrity) {
        script.integrity = integrity;
        script.crossOrigin = "anonymous";
      }
      d.head.appendChild(script);
    };
  });
})(window, document, "HOST", "INTEGRITY");
