// Comfort only: every page works without this file.
"use strict";
{
  // Text and original side by side need a wide screen.
  const both = document.getElementById("view-both");
  if (both?.checked && window.matchMedia("(width < 68rem)").matches) {
    document.getElementById("view-text").checked = true;
  }

  // "Check now" shows its result in place.
  const checkInPlace = async (form) => {
    const button = form.querySelector("button");
    const result = document.getElementById(form.dataset.result);
    button.disabled = true;
    result.textContent = "Reading the records and the page again …";
    try {
      const body = new URLSearchParams(new FormData(form));
      body.set("part", "1");
      const answer = await fetch(form.action, { method: "POST", body });
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      const part = parsed.querySelector(".check") ?? parsed.querySelector("main");
      if (!part) throw new Error(`status ${answer.status}`);
      result.replaceChildren(document.importNode(part, true));
      result.scrollIntoView({ block: "nearest" });
    } catch (error) {
      result.textContent = `The check could not be done (${error.message}). Please try again.`;
    } finally {
      button.disabled = false;
    }
  };
  for (const form of document.querySelectorAll("form[data-result]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      checkInPlace(form);
    });
  }

  // A dead frame says nothing; so ask whether replay is running, and say why not.
  const frame = document.querySelector("iframe");
  const askReplay = async () => {
    const state = await (await fetch("/api/replay")).json();
    if (state.up) return;
    const note = document.createElement("p");
    note.className = "note bad";
    note.textContent = `Replay isn't running: ${state.problem ?? "no reason is known"}`;
    frame.replaceWith(note);
  };
  if (frame) {
    askReplay().catch(() => { /* the frame stays */ });
    // Archived pages can lead elsewhere; what we say above the frame is then no longer about what is in it.
    let loads = 0;
    frame.addEventListener("load", () => {
      loads += 1;
      const moved = document.getElementById("moved-on");
      if (loads > 1 && moved) moved.hidden = false;
    });
  }
}
