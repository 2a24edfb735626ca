// The page in the browser. It is readable and its links and forms work without this script; with it, a change of a
// filter asks for the new content alone, and the focus, the address and the place on the page stay as they are.
(function () {
  "use strict";
  const { createElement, useEffect, useLayoutEffect, useMemo, useRef, useState } = window.React;
  const FIRST = "first", PATIENCE = 8000;

  const PROPERTIES = { class: "className", for: "htmlFor", colspan: "colSpan", rowspan: "rowSpan", tabindex: "tabIndex",
    maxlength: "maxLength", datetime: "dateTime", autocomplete: "autoComplete", hreflang: "hrefLang" };

  function property(name) {
    if (name in PROPERTIES) return PROPERTIES[name];
    if (name.startsWith("data-") || name.startsWith("aria-")) return name;
    return name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
  }

  // A control takes the value of the new content without being drawn anew, so that it keeps the focus; a search field
  // that is being written in keeps what is in it.
  function held(tag, attributes) {
    return (element) => {
      if (!element || (element === document.activeElement && element.type === "search")) return;
      const value = attributes[tag === "select" ? "data-value" : "value"];
      if (value !== undefined) element.value = value;
    };
  }

  function draw(node, key) {
    if (typeof node === "string") return node;
    const [tag, attributes, ...children] = node;
    const properties = { key };
    for (const [name, value] of Object.entries(attributes)) {
      const plain = name === "alt" || name === "value" || name.startsWith("data-");
      properties[property(name)] = value === "" && !plain ? true : value;
    }
    if ("data-plot" in attributes) return createElement(Plot, { key, given: properties, still: children });
    if (tag === "select" || tag === "input") { properties.ref = held(tag, attributes); delete properties.value; }
    if (tag === "input") properties.defaultValue = attributes.value;
    if (tag === "option") delete properties.selected;
    return createElement(tag, properties, ...children.map(draw));
  }

  // What the server wrote, as the same kind of tree that it sends afterwards.
  function read(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    const attributes = Object.fromEntries(Array.from(node.attributes, ({ name, value }) => [name, value]));
    return [node.localName, attributes, ...Array.from(node.childNodes, read)];
  }

  // A drawing that the server wrote as SVG; asked for, Plotly draws the same figure in its place.
  let plotly = null;
  function load(source) {
    plotly = plotly || new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = source; script.onload = () => done(window.Plotly); script.onerror = failed;
      document.head.append(script);
    });
    return plotly;
  }

  // The drawing keeps its room while the other one is above it, so that nothing on the page moves.
  function Plot({ given, still }) {
    const place = useRef(null);
    const [open, setOpen] = useState("data-at-once" in given);
    const [shown, setShown] = useState(false);
    const source = given["data-plot"];
    useEffect(() => {
      let left = false;
      setShown(false);
      if (open) {
        Promise.all([load(given["data-plotly"]), fetch(source).then((answer) => answer.json())]).then(([Plotly, figure]) => {
          if (left) return;
          Plotly.react(place.current, figure.data, figure.layout, { displaylogo: false, responsive: true });
          setShown(true);
        });
      }
      return () => { left = true; };
    }, [source, open]);
    return createElement("div", { className: given.className + (shown ? " live" : "") },
      createElement("div", { className: "plot-still" }, ...still.map(draw)),
      createElement("div", { className: "plot-live", ref: place }),
      open ? null : createElement("button", { type: "button", className: "plot-open", onClick: () => setOpen(true) },
        given["data-words"]));
  }

  // The address that a form's controls stand for; what is not chosen is left out.
  function addressOf(form) {
    const asked = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "") asked.append(name, value);
    const query = asked.toString();
    return form.getAttribute("action") + (query ? "?" + query : "");
  }

  function here() {
    return location.pathname + location.search;
  }

  // Without encryption a browser gives no clipboard: then the address is shown to be copied by hand.
  function copied(button) {
    const { said, byHand } = button.dataset;
    if (!navigator.clipboard) { window.prompt(byHand, location.href); return; }
    navigator.clipboard.writeText(location.href).then(() => {
      button.nextElementSibling.textContent = said;
      setTimeout(() => { button.nextElementSibling.textContent = ""; }, 4000);
    }, () => window.prompt(byHand, location.href));
  }

  function picture(link) {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = 2 * image.width; canvas.height = 2 * image.height;
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => {
        const saved = document.createElement("a");
        saved.href = URL.createObjectURL(blob); saved.download = link.dataset.png; saved.click();
        setTimeout(() => URL.revokeObjectURL(saved.href), 1000);
      });
    };
    image.src = link.href;
  }

  function Page({ id, content, setProps }) {
    const first = useMemo(() => {
      const written = document.getElementById(FIRST);
      return written ? Array.from(written.childNodes, read) : [];
    }, []);
    const tree = useMemo(() => (content ? JSON.parse(content) : null), [content]);
    const asked = useRef(null), patience = useRef(0), typing = useRef(false);

    useLayoutEffect(() => {
      const written = document.getElementById(FIRST);
      if (!written) return;
      const focused = document.activeElement && written.contains(document.activeElement) ? document.activeElement.id : "";
      const [left, top] = [window.scrollX, window.scrollY];
      written.remove();
      if (focused) document.getElementById(focused)?.focus();
      window.scrollTo(left, top);
      document.documentElement.dataset.live = "";
    }, []);

    useEffect(() => {
      clearTimeout(patience.current);
      if (tree) document.documentElement.dataset.shown = asked.current || "";
    }, [tree]);

    // What is shown must be what the address says: if no answer comes, the page is opened anew.
    function show(address) {
      asked.current = address;
      clearTimeout(patience.current);
      patience.current = setTimeout(() => {
        if (document.querySelector(".page").dataset.address !== address) location.reload();
      }, PATIENCE);
      setProps({ address });
    }

    // Each choice is a view of its own, which Back leaves; what is typed into a field is one view, however many letters.
    function ask(address, typed) {
      if (address === here()) return;
      if (typed && typing.current) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
      typing.current = typed;
      show(address);
    }

    useEffect(() => {
      let waiting = 0;
      function changed(event) {
        const form = event.target.form;
        if (!form || !("live" in form.dataset)) return;
        clearTimeout(waiting);
        if (event.type === "input" && event.target.type !== "search") return;
        const typed = event.type === "input";
        waiting = setTimeout(() => ask(addressOf(form), typed), typed ? 250 : 0);
      }
      function submitted(event) {
        if (!("live" in event.target.dataset)) return;
        event.preventDefault();
        clearTimeout(waiting);
        ask(addressOf(event.target), false);
      }
      function clicked(event) {
        const share = event.target.closest("[data-share]");
        if (share) copied(share);
        const link = event.target.closest("a");
        if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        if ("png" in link.dataset) { event.preventDefault(); picture(link); }
        if ("live" in link.dataset) { event.preventDefault(); clearTimeout(waiting); ask(link.getAttribute("href"), false); }
      }
      function moved() {
        clearTimeout(waiting);
        typing.current = false;
        if (here() !== (asked.current || document.querySelector(".page").dataset.address)) show(here());
      }
      const heard = [["change", changed], ["input", changed], ["submit", submitted], ["click", clicked]];
      heard.forEach(([name, deed]) => document.addEventListener(name, deed));
      window.addEventListener("popstate", moved);
      return () => {
        heard.forEach(([name, deed]) => document.removeEventListener(name, deed));
        window.removeEventListener("popstate", moved);
      };
    }, []);

    return createElement("div", { id }, ...(tree ? [tree] : first).map(draw));
  }

  window.impact_dashboards = Object.assign(window.impact_dashboards || {}, { Page });
})();
