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
    // Moments and their pixels in the whole picture; between two of them both are even. What is shown is a part of those pixels.
    const numbers = figure.dataset.knots.split(" ").map(Number);
    const knots = numbers.flatMap((secs, n) => (n % 2 === 0 ? [[secs, numbers[n + 1]]] : []));
    const [left, right] = [knots[0][1], knots[knots.length - 1][1]];
    const between = (value, a, b) => {
      const n = Math.max(1, knots.findIndex((knot, n) => n > 0 && (value <= knot[a] || n === knots.length - 1)));
      const [low, high] = [knots[n - 1], knots[n]];
      const share = Math.max(0, Math.min(1, (value - low[a]) / (high[a] - low[a])));
      return low[b] + (high[b] - low[b]) * share;
    };
    const home = (secs) => between(secs, 0, 1);
    const secsOf = (pixel) => between(pixel, 1, 0);
    const [first, last] = [left, right];
    let [from, to] = [first, last];
    const x = (secs) => left + ((right - left) * (home(secs) - from)) / (to - from);

    // A span is a polygon with its words, a mark a line.
    const moments = [...svg.querySelectorAll(".datum")].map((group) => {
      // What is left out is several shapes: its lines go where its ground goes.
      const [shape, ...others] = group.querySelectorAll("polygon, polyline");
      const xs = [...shape.points].map((point) => point.x);
      others.forEach((other) => other.setAttribute("vector-effect", "non-scaling-stroke"));
      const ys = [...shape.points].map((point) => point.y);
      return { group, shape, others, left: Math.min(...xs), width: Math.max(1, Math.max(...xs) - Math.min(...xs)), from: Number(group.dataset.from), to: Number(group.dataset.to), label: group.dataset.label,
        text: group.querySelector("text"), whole: group.querySelector("text")?.cloneNode(true), top: Math.min(...ys), bottom: Math.max(...ys) };
    });
    // What tells of time as it is in the whole picture: the axis, and what is said of its parts.
    const [axis, ...wholes] = svg.querySelectorAll(".axis");
    const written = [...axis.childNodes];
    const [line, label] = [axis.querySelector("polyline").cloneNode(), axis.querySelector("text").cloneNode()];
    const lineEnds = [...line.points].map((point) => point.y);

    const place = (moment) => {
      const { group, shape, top, bottom } = moment;
      const isOutside = home(moment.to) < from || home(moment.from) > to;
      group.style.display = isOutside ? "none" : "";
      if (isOutside) return;
      if (shape.localName === "polyline") {
        shape.setAttribute("points", `${x(moment.from)},${top} ${x(moment.from)},${bottom}`);
        return;
      }
      const [a, b] = [Math.max(left, x(moment.from)), Math.min(right, Math.max(x(moment.to), x(moment.from) + 1))];
      shape.setAttribute("points", `${a},${top} ${b},${top} ${b},${bottom} ${a},${bottom}`);
      const times = (b - a) / moment.width;
      const moved = `translate(${a - times * moment.left} 0) scale(${times} 1)`;
      moment.others.forEach((other) => other.setAttribute("transform", moved));
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
      const after = (mark) => moment.label.split(mark).slice(1).join(mark);
      const shorter = [" Pods serve", " by the budget", " on purpose", " is on its way"].map((mark) => moment.label.split(mark)[0]);
      const words = [moment.label, after(": "), after(" after "), after("cordoned, "), ...shorter,
        after("cordoned, eviction ").split(" ")[0]];
      moment.text.textContent = words.find((words) => words && words.length <= room) ?? "";
    };

    const restore = (moment) => {
      if (!moment.text) return;
      moment.text.textContent = moment.whole?.textContent ?? "";
      if (moment.whole) moment.text.setAttribute("x", moment.whole.getAttribute("x"));
    };

    const ticks = () => {
      const marks = [];
      // Each part of the time has steps of its own.
      for (let part = 1; part < knots.length; part += 1) {
        const [a, b] = [Math.max(from, knots[part - 1][1]), Math.min(to, knots[part][1])];
        if (b <= a) continue;
        const [begin, end] = [secsOf(a), secsOf(b)];
        const step = STEPS.find((secs) => secs * ((x(end) - x(begin)) / (end - begin)) >= 84);
        if (!step) continue;
        for (let n = Math.ceil(begin / step); n * step <= end; n += 1) {
          const at = x(n * step);
          const [stroke, words] = [line.cloneNode(), label.cloneNode()];
          stroke.setAttribute("points", lineEnds.map((y) => `${at},${y}`).join(" "));
          words.setAttribute("x", Math.min(at, right - 20));
          words.textContent = n === 0 ? "0" : since(n * step);
          marks.push(stroke);
          if (!marks.some((other) => other.localName === "text" && Math.abs(other.getAttribute("x") - at) < 70)) marks.push(words);
        }
      }
      axis.replaceChildren(...marks);
    };

    const show = (a, b) => {
      const least = Math.min(0.01, last - first);
      const length = Math.min(last - first, Math.max(least, b - a));
      const middle = (a + b) / 2;
      from = Math.max(first, Math.min(last - length, middle - length / 2));
      to = from + length;
      const isAll = length >= last - first;
      if (isAll) axis.replaceChildren(...written);
      else ticks();
      wholes.forEach((part) => { part.style.display = isAll ? "" : "none"; });
      moments.forEach(place);
      if (isAll) moments.forEach(restore);
      figure.querySelector("[data-shown]").textContent = isAll ? "" : `${since(secsOf(from))} to ${since(secsOf(to))} of the outage`;
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

    // The place in the whole picture of what is pointed at, and where such a place is now.
    const placeAt = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
      return from + ((Math.max(left, Math.min(right, at)) - left) / (right - left)) * (to - from);
    };
    const now = (place) => left + ((right - left) * (place - from)) / (to - from);
    const band = document.createElementNS(NS, "rect");
    band.setAttribute("class", "band");
    band.setAttribute("y", Math.min(...lineEnds));
    band.setAttribute("height", Math.max(...lineEnds) - Math.min(...lineEnds));
    let begun;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      begun = placeAt(event);
      svg.setPointerCapture(event.pointerId);
      band.setAttribute("width", "0");
      svg.append(band);
    });
    svg.addEventListener("pointermove", (event) => {
      if (begun === undefined) return;
      const [a, b] = [begun, placeAt(event)].sort((p, q) => p - q);
      band.setAttribute("x", now(a));
      band.setAttribute("width", now(b) - now(a));
    });
    const end = (event, isDone) => {
      if (begun === undefined) return;
      const [a, b] = [begun, placeAt(event)].sort((p, q) => p - q);
      begun = undefined;
      band.remove();
      // A click is no drag.
      if (isDone && now(b) - now(a) > 6) show(a, b);
    };
    svg.addEventListener("pointerup", (event) => end(event, true));
    svg.addEventListener("pointercancel", (event) => end(event, false));
    svg.addEventListener("wheel", (event) => {
      // The wheel alone scrolls the page.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = placeAt(event);
      const factor = event.deltaY < 0 ? 0.8 : 1.25;
      show(at - (at - from) * factor, at + (to - at) * factor);
    }, { passive: false });
  }
})();
