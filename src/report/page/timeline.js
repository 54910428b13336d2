"use strict";
// Another part of a timeline's time, drawn from the marks that are there: each knows its moments.
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200,
    10800, 21600, 43200, 86400, 172800, 432000, 864000];
  const number = (value) => String(Number(value.toFixed(3)));
  const span = (secs) => {
    const [d, h, m] = [Math.floor(secs / 86400), Math.floor(secs / 3600) % 24, Math.floor(secs / 60) % 60];
    const s = secs - 86400 * d - 3600 * h - 60 * m;
    if (secs > 0 && secs < 1) return `${number(secs * 1000)} ms`;
    const parts = [[d, "d"], [h, "h"], [m, "min"], [s, "s"]].filter(([n]) => n > 0.0005);
    return parts.length ? parts.map(([n, unit]) => `${number(n)} ${unit}`).join(" ") : "0";
  };
  const since = (secs) => (secs < 0 ? "−" : secs > 0 ? "+" : "") + span(Math.abs(secs));

  for (const figure of document.querySelectorAll("figure.timeline")) {
    const svg = figure.querySelector("svg");
    const [left, right, first, last] = ["left", "right", "from", "to"].map((key) => Number(figure.dataset[key]));
    let [from, to] = [first, last];
    const x = (secs) => left + ((right - left) * (secs - from)) / (to - from);

    // A span is a polygon with its words, a mark a line.
    const moments = [...svg.querySelectorAll(".datum")].map((group) => {
      const shape = group.querySelector("polygon, polyline");
      const ys = [...shape.points].map((point) => point.y);
      return { group, shape, from: Number(group.dataset.from), to: Number(group.dataset.to), label: group.dataset.label,
        text: group.querySelector("text"), top: Math.min(...ys), bottom: Math.max(...ys) };
    });
    const axis = svg.querySelector(".axis");
    const [line, label] = [axis.querySelector("polyline").cloneNode(), axis.querySelector("text").cloneNode()];
    const lineEnds = [...line.points].map((point) => point.y);

    const place = (moment) => {
      const { group, shape, top, bottom } = moment;
      const isOutside = moment.to < from || moment.from > to;
      group.style.display = isOutside ? "none" : "";
      if (isOutside) return;
      if (shape.localName === "polyline") {
        shape.setAttribute("points", `${x(moment.from)},${top} ${x(moment.from)},${bottom}`);
        return;
      }
      const [a, b] = [Math.max(left, x(moment.from)), Math.min(right, Math.max(x(moment.to), x(moment.from) + 1))];
      shape.setAttribute("points", `${a},${top} ${b},${top} ${b},${bottom} ${a},${bottom}`);
      if (!moment.label) return;
      if (!moment.text) {
        moment.text = document.createElementNS(NS, "text");
        moment.text.setAttribute("y", (top + bottom) / 2 + 4);
        moment.text.setAttribute("font-size", "11");
        // In the letters of the palette, whose colours follow the theme.
        const [r, g, b] = [1, 3, 5].map((at) => parseInt(shape.getAttribute("fill").slice(at, at + 2), 16));
        moment.text.setAttribute("fill", 0.299 * r + 0.587 * g + 0.114 * b < 122 ? "#FFFFFF" : "#202428");
        group.append(moment.text);
      }
      const room = (b - a - 8) / 6.4;
      moment.text.setAttribute("x", a + 4);
      const short = moment.label.split(": ").slice(1).join(": ");
      moment.text.textContent = [moment.label, short].find((words) => words.length <= room) ?? "";
    };

    const ticks = () => {
      const step = STEPS.find((secs) => (secs / (to - from)) * (right - left) >= 84) ?? (to - from) / 8;
      const marks = [];
      for (let n = Math.ceil(from / step); n * step <= to; n += 1) {
        const [stroke, words] = [line.cloneNode(), label.cloneNode()];
        const at = x(n * step);
        stroke.setAttribute("points", lineEnds.map((y) => `${at},${y}`).join(" "));
        words.setAttribute("x", Math.min(at, right - 20));
        words.textContent = n === 0 ? "0" : since(n * step);
        marks.push(stroke, words);
      }
      axis.replaceChildren(...marks);
    };

    const show = (a, b) => {
      const least = Math.min(0.02, last - first);
      const length = Math.min(last - first, Math.max(least, b - a));
      const middle = (a + b) / 2;
      from = Math.max(first, Math.min(last - length, middle - length / 2));
      to = from + length;
      ticks();
      moments.forEach(place);
      const isAll = length >= last - first;
      figure.querySelector("[data-shown]").textContent = isAll ? "" : `${since(from)} to ${since(to)} of the outage`;
      figure.dataset.zoomed = isAll ? "" : "yes";
    };
    const by = { in: 0.5, out: 2 };
    const zoom = (how) => {
      const [length, middle] = [to - from, (from + to) / 2];
      if (how === "all") show(first, last);
      else if (how === "left") show(from - length / 2, to - length / 2);
      else if (how === "right") show(from + length / 2, to + length / 2);
      else show(middle - (by[how] * length) / 2, middle + (by[how] * length) / 2);
    };
    for (const button of figure.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => zoom(button.dataset.zoom));
    }
    const keys = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "all" };
    figure.addEventListener("keydown", (event) => {
      if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
      zoom(keys[event.key]);
      event.preventDefault();
    });

    const secsAt = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
      return from + ((Math.max(left, Math.min(right, at)) - left) / (right - left)) * (to - from);
    };
    const band = document.createElementNS(NS, "rect");
    band.setAttribute("class", "band");
    band.setAttribute("y", Math.min(...lineEnds));
    band.setAttribute("height", Math.max(...lineEnds) - Math.min(...lineEnds));
    let begun;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      begun = secsAt(event);
      svg.setPointerCapture(event.pointerId);
      band.setAttribute("width", "0");
      svg.append(band);
    });
    svg.addEventListener("pointermove", (event) => {
      if (begun === undefined) return;
      const [a, b] = [begun, secsAt(event)].sort((p, q) => p - q);
      band.setAttribute("x", x(a));
      band.setAttribute("width", x(b) - x(a));
    });
    const end = (event, isDone) => {
      if (begun === undefined) return;
      const [a, b] = [begun, secsAt(event)].sort((p, q) => p - q);
      begun = undefined;
      band.remove();
      // A click is no drag.
      if (isDone && x(b) - x(a) > 6) show(a, b);
    };
    svg.addEventListener("pointerup", (event) => end(event, true));
    svg.addEventListener("pointercancel", (event) => end(event, false));
    svg.addEventListener("wheel", (event) => {
      // The wheel alone scrolls the page.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = secsAt(event);
      const factor = event.deltaY < 0 ? 0.8 : 1.25;
      show(at - (at - from) * factor, at + (to - at) * factor);
    }, { passive: false });
  }
})();
