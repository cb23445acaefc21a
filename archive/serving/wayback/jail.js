// Runs before wombat (pywb's script) and before any script of the page, in every archived HTML document.
//
// The frame's sandbox gives the page an origin of its own, in which browsers forbid storage, cookies and service
// workers by throwing. Pages that only want to remember something get substitutes that last as long as the page.
// What could reach the network past the Content-Security-Policy is taken away: that helps in browsers that don't know
// Connection-Allowlist, but can't help there against a page that makes itself a fresh frame (docs/serve.md).
(function () {
  "use strict";

  function define(object, name, descriptor) {
    try {
      Object.defineProperty(object, name, Object.assign({ configurable: true, enumerable: true }, descriptor));
    } catch (error) { /* it is fixed already */ }
  }

  function memory() {
    var kept = new Map();
    return {
      getItem: function (key) { key = String(key); return kept.has(key) ? kept.get(key) : null; },
      setItem: function (key, value) { kept.set(String(key), String(value)); },
      removeItem: function (key) { kept.delete(String(key)); },
      clear: function () { kept.clear(); },
      key: function (index) { return Array.from(kept.keys())[index] ?? null; },
      get length() { return kept.size; }
    };
  }

  define(window, "localStorage", { value: memory(), writable: true });
  define(window, "sessionStorage", { value: memory(), writable: true });

  var jar = new Map();
  define(Document.prototype, "cookie", {
    get: function () { return Array.from(jar, function (pair) { return pair.join("="); }).join("; "); },
    set: function (text) {
      var pair = String(text).split(";")[0], at = pair.indexOf("=");
      var name = pair.slice(0, Math.max(at, 0)).trim();
      if (/;\s*(max-age=(-|0)|expires=[^;]*19[67]\d)/i.test(text)) jar.delete(name);
      else jar.set(name, pair.slice(at + 1).trim());
    }
  });

  ["RTCPeerConnection", "webkitRTCPeerConnection", "mozRTCPeerConnection", "RTCIceTransport", "RTCDtlsTransport",
    "WebTransport", "WebSocketStream", "TCPSocket", "UDPSocket", "TCPServerSocket"].forEach(function (name) {
    delete window[name];
  });
  delete Navigator.prototype.serviceWorker;

  // The sandbox opens no new windows, so a link that wants one would do nothing.
  document.addEventListener("click", function (event) {
    var link = event.target instanceof Element && event.target.closest("a[target], area[target]");
    if (link) link.removeAttribute("target");
  }, true);
})();
