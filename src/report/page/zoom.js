
// A chart over the whole window: wheel and pinch zoom, dragging moves, and it is the chart itself, so its words and its
// legend go on working.
(() => {
  const dialog = document.createElement("dialog");
  dialog.className = "zoom";
  dialog.innerHTML = `<p><button type="button" data-does="in" aria-label="zoom in">+</button>
    <button type="button" data-does="out" aria-label="zoom out">−</button>
    <button type="button" data-does="reset">reset</button>
    <span class="soft">wheel or pinch, drag, arrows</span>
    <button type="button" data-does="close">close</button></p><div class="stage"></div>`;
  document.body.append(dialog);
  const stage = dialog.querySelector(".stage");
  const tip = document.querySelector("#tip");
  const most = 12;
  let svg, home, written, whole, view, opener;

  const show = () => svg.setAttribute("viewBox", [view.x, view.y, view.w, view.h].map((v) => v.toFixed(2)).join(" "));
  // The middle of what is seen stays within the chart.
  const move = (x, y) => {
    const within = (at, size, all) => Math.max(-size / 2, Math.min(at, all - size / 2));
    view.x = within(x, view.w, whole.w);
    view.y = within(y, view.h, whole.h);
    show();
  };
  const at = (clientX, clientY) => new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
  const zoom = (factor, centre = { x: view.x + view.w / 2, y: view.y + view.h / 2 }) => {
    const w = Math.max(whole.w / most, Math.min(whole.w, view.w * factor));
    const ratio = w / view.w;
    view.w = w;
    view.h *= ratio;
    move(centre.x - (centre.x - view.x) * ratio, centre.y - (centre.y - view.y) * ratio);
  };
  const reset = () => { view = { ...whole }; show(); };

  const open = (figure, button) => {
    svg = figure.querySelector("svg");
    if (!svg || dialog.open) return;
    [opener, home] = [button, svg.parentElement];
    written = svg.getAttribute("viewBox");
    const [x, y, w, h] = written.split(" ").map(Number);
    whole = { x, y, w, h };
    // The page below keeps its place.
    home.style.height = `${home.offsetHeight}px`;
    stage.replaceChildren(svg);
    dialog.setAttribute("aria-label", svg.getAttribute("aria-label") ?? "chart");
    dialog.append(tip);
    dialog.showModal();
    reset();
  };
  dialog.addEventListener("close", () => {
    svg.setAttribute("viewBox", written);
    home.append(svg);
    home.style.height = "";
    tip.hidden = true;
    document.body.append(tip);
    opener?.focus();
  });

  for (const figure of document.querySelectorAll("figure[data-chart]:not(.timeline)")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    button.textContent = "enlarge";
    button.addEventListener("click", () => open(figure, button));
    figure.prepend(button);
    figure.addEventListener("dblclick", (event) => { if (!event.target.closest(".key, button")) open(figure, button); });
  }
  const does = { in: () => zoom(1 / 1.5), out: () => zoom(1.5), reset, close: () => dialog.close() };
  dialog.addEventListener("click", (event) => does[event.target.dataset.does]?.());
  dialog.addEventListener("keydown", (event) => {
    const keys = {
      "+": does.in, "=": does.in, "-": does.out, 0: reset,
      ArrowLeft: () => move(view.x - view.w / 10, view.y), ArrowRight: () => move(view.x + view.w / 10, view.y),
      ArrowUp: () => move(view.x, view.y - view.h / 10), ArrowDown: () => move(view.x, view.y + view.h / 10),
    };
    if (keys[event.key] && !event.ctrlKey && !event.metaKey) { keys[event.key](); event.preventDefault(); }
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const step = event.deltaY * (event.deltaMode ? 30 : 1) * (event.ctrlKey ? 4 : 1);
    zoom(Math.exp(Math.max(-300, Math.min(300, step)) * 0.002), at(event.clientX, event.clientY));
  }, { passive: false });

  // One pointer moves the chart, two pinch it. It is caught only once it moves: a tap on the legend stays a tap.
  const held = new Map();
  const middle = () => {
    const [a, b = a] = held.values();
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
  };
  stage.addEventListener("pointerdown", (event) => held.set(event.pointerId, { x: event.clientX, y: event.clientY }));
  stage.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return;
    const caught = stage.hasPointerCapture(event.pointerId);
    if (!caught && Math.hypot(event.clientX - last.x, event.clientY - last.y) < 4) return;
    if (!caught) stage.setPointerCapture(event.pointerId);
    const before = middle();
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const after = middle();
    const [from, to] = [at(before.x, before.y), at(after.x, after.y)];
    move(view.x + from.x - to.x, view.y + from.y - to.y);
    if (before.apart > 0 && after.apart > 0) zoom(before.apart / after.apart, at(after.x, after.y));
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => held.delete(event.pointerId));
})();
