"use strict";
// Sorting, filtering, tooltips, legends and the theme. Without it the page says the same.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const root = document.documentElement;
  document.querySelector(".theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // A cell's data-sort is a number where it has one.
  const key = (row, column) => {
    const cell = row.cells[column];
    const number = cell.dataset.sort;
    return number === undefined ? cell.textContent.trim() : Number(number);
  };
  // What is not known comes last, whichever way.
  const compare = (a, b, down) => typeof a === "number" && typeof b === "number"
    ? (Number.isNaN(a) || Number.isNaN(b) ? Number.isNaN(a) - Number.isNaN(b) : (down ? b - a : a - b))
    : (down ? -1 : 1) * String(a).localeCompare(String(b), "en", { numeric: true });
  for (const table of all("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button")?.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compare(key(a, column), key(b, column), down));
      table.tBodies[0].append(...rows);
    }));
  }

  // On a phone each value stands behind the head of its column.
  for (const table of all("table.cards")) {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent);
    for (const cell of all("tbody td", table)) cell.dataset.head = heads[cell.cellIndex];
  }

  const filter = document.querySelector("#filter");
  filter?.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all("#scenarios tbody tr");
    const shown = rows.filter((row) => {
      row.hidden = !words.every((word) => row.dataset.words.toLowerCase().includes(word));
      return !row.hidden;
    });
    document.querySelector("#count").textContent = `${shown.length} of ${rows.length}`;
  });

  const tip = document.querySelector("#tip");
  const show = (text, event) => {
    tip.textContent = text;
    tip.hidden = false;
    const { innerWidth: width, innerHeight: height } = window;
    tip.style.left = `${Math.max(6, Math.min(event.clientX + 14, width - tip.offsetWidth - 6))}px`;
    tip.style.top = `${Math.max(6, Math.min(event.clientY + 16, height - tip.offsetHeight - 6))}px`;
  };
  // The browser's own tooltip would come late, and a second time.
  for (const datum of all("figure .datum")) {
    const title = datum.querySelector(":scope > title");
    if (title) {
      datum.dataset.words = title.textContent;
      datum.setAttribute("aria-label", title.textContent);
      title.remove();
    }
  }
  for (const title of all("figure svg > title")) {
    title.parentElement.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  const words = (target) => {
    const datum = target.closest?.(".datum, [data-term]");
    return datum ? (datum.dataset.words ?? datum.dataset.term) : undefined;
  };
  document.addEventListener("pointermove", (event) => {
    const text = words(event.target);
    if (text) show(text, event); else tip.hidden = true;
  });
  document.addEventListener("focusin", (event) => {
    const text = words(event.target);
    const box = event.target.getBoundingClientRect?.();
    if (text && box) show(text, { clientX: box.left, clientY: box.bottom });
  });
  document.addEventListener("focusout", () => { tip.hidden = true; });

  for (const legend of all("figure .key")) {
    legend.setAttribute("tabindex", "0");
    legend.setAttribute("role", "button");
    legend.setAttribute("aria-pressed", "true");
    legend.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      legend.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    });
    legend.addEventListener("click", () => {
      const off = legend.classList.toggle("off");
      legend.setAttribute("aria-pressed", String(!off));
      const series = legend.dataset.series;
      for (const datum of all(".datum", legend.closest("svg"))) {
        if (datum.dataset.series === series) datum.classList.toggle("off", off);
      }
    });
  }
  // What is wider than its place fades out where it goes on.
  for (const box of all(".scroll, figure > div, .sideways")) {
    const mark = () => box.classList.toggle("cut", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
    box.addEventListener("scroll", mark, { passive: true });
    new ResizeObserver(mark).observe(box);
  }
  root.dataset.ready = "yes";
})();
