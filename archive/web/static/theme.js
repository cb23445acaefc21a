// Light or dark, before the page is painted: what the reader chose here, else what the system says.
"use strict";
{
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

  const remember = (theme) => {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch { /* storage is closed to us: then it holds for this page only */ }
  };
  const show = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  try {
    show(localStorage.getItem("theme"));
  } catch { /* as the system says */ }

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = () => {
      button.title = isDark() ? "Light colours" : "Dark colours";
      button.setAttribute("aria-label", button.title);
    };
    label();
    button.hidden = false;
    system.addEventListener("change", label);
    button.addEventListener("click", () => {
      const theme = isDark() ? "light" : "dark";
      const kept = theme === (system.matches ? "dark" : "light") ? null : theme;
      show(kept);
      remember(kept);
      label();
    });
  });
}
