// What the evil pages share; with var, since pywb wraps every script in a block. A way that works reports "GOT ...", one that fails "blocked ...", one whose
// success only others can see "tried".
var results = {};
var show = function () {
  document.getElementById("out").textContent = JSON.stringify(results, null, 1);
};
var attempt = async function (name, way) {
  try {
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("no answer")), 1500));
    const got = await Promise.race([way(), late]);
    results[name] = got === undefined ? "tried" : "GOT " + String(got).slice(0, 200);
  } catch (error) {
    results[name] = "blocked " + String(error).slice(0, 160);
  }
  show();
};
var done = function () {
  results.done = "yes";
  show();
  console.info("EVIL " + JSON.stringify(results));
};
// A frame with natives that no rewriting has touched; `code` runs in it.
var freshFrame = function (code) {
  const holder = document.createElement("div");
  holder.setHTMLUnsafe("<iframe></iframe>");
  const source = document.createAttribute("srcdoc");
  source.value = "<!doctype html><body><scr" + "ipt>" + code + "</scr" + "ipt>";
  holder.firstChild.setAttributeNode(source);
  document.body.append(holder);
};
