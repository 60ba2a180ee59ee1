// SPDX-License-Identifier: Apache-2.0
// The page of one run. Everything is made from the JSON in #data with createElement and textContent:
// no text of a program is ever parsed as HTML. Long parts (the tree of paths, the listing) are
// filled when they are opened, so that runs with many thousands of paths stay quick.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const app = document.getElementById("app");

  // Making elements: el("p.note", "text", child, …).
  function el(what, ...children) {
    const [tag, ...classes] = what.split(".");
    const made = document.createElement(tag);
    if (classes.length > 0) made.className = classes.join(" ");
    for (const child of children) {
      if (child !== null && child !== undefined) made.append(child);
    }
    return made;
  }
  function link(target, text, what = "a") {
    const made = el(what, text);
    made.href = "#" + target;
    return made;
  }
  function section(id, title, ...children) {
    const heading = el("h2", title);
    const made = el("section", heading, ...children);
    made.id = id;
    app.append(made);
    contents.push([id, title]);
    return made;
  }
  function table(columns, rows) {
    const head = el("tr", ...columns.map((name) => el("th", name)));
    const body = rows.map((row) => el("tr", ...row.map((cell) => el("td", cell))));
    return el("div.scroll", el("table", el("thead", head), el("tbody", ...body)));
  }
  /// A <details> whose contents are made when it is first opened.
  function lazy(summary, fill) {
    const made = el("details", summary);
    let filled = false;
    made.fill = () => {
      if (filled) return;
      filled = true;
      fill(made);
    };
    made.addEventListener("toggle", () => made.open && made.fill());
    return made;
  }
  const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
  const contents = [];

  // The program.
  const listing = data.listing ?? [];
  const bySlot = new Map(listing.map((insn) => [insn.slot, insn]));
  const shown = (slot) => slot % 2 ** 24;  // above it stands the program's number
  function placeText(slot) {
    const insn = bySlot.get(slot);
    if (!insn || !insn.line) return `slot ${shown(slot)}`;
    return `${insn.file.split("/").pop()}:${insn.line}`;
  }
  function slotLink(slot) {
    const made = link(`slot-${slot}`, placeText(slot), "a.place");
    made.title = `slot ${shown(slot)}: ${bySlot.get(slot)?.text ?? ""}`;
    return made;
  }
  function sourceOf(slot) {
    const insn = bySlot.get(slot);
    return insn?.source || insn?.text || "";
  }

  // Actions and verdicts.
  const fixedActions = {
    XDP_DROP: "drop", TC_ACT_SHOT: "drop", XDP_PASS: "pass", TC_ACT_OK: "pass",
    XDP_TX: "send", XDP_REDIRECT: "redirect", TC_ACT_REDIRECT: "redirect", XDP_ABORTED: "abort",
  };
  function actionName(path) {
    if (path.a === null || path.a === undefined) return "no exit";
    const name = data.actions?.[path.a] ?? String(path.a);
    return path.o ? name : `computed, e.g. ${name}`;
  }
  function actionClass(path) {
    if (path.a === null || path.a === undefined) return "none";
    const name = data.actions?.[path.a];
    return path.o ? fixedActions[name] ?? `other${path.a % 4}` : "computed";
  }
  const badge = (word) => el(`span.badge.${word.replace(/[^a-z]/g, "")}`, word);

  function head() {
    const button = el("button.theme", "dark / light");
    button.type = "button";
    button.addEventListener("click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    });
    app.append(el("header", el("div", el("h1", data.title), el("p.sub", data.subtitle ?? "")),
      el("div.right", badge(data.verdict), button)));
    app.append(el("nav"));
  }

  function overview() {
    const facts = el("dl.facts");
    for (const [name, value] of data.facts ?? []) facts.append(el("dt", name), el("dd", value));
    const made = section("summary", "Summary", facts);
    if (!data.counts) return;
    const words = ["proved", "refuted", "unknown", "merged", "excluded"];
    const sum = el("p.sum", el("b", plural(data.counts.explored, "path")), " = ");
    words.forEach((word, i) => {
      if (i > 2 && !data.counts[word]) return;
      sum.append(i > 0 ? " + " : "", el(`b.${word}`, String(data.counts[word])), ` ${word}`);
    });
    made.append(sum);
    for (const [cause, count] of Object.entries(data.causes ?? {})) {
      made.append(el("p.cause", badge("unknown"), ` ${plural(count, "path")}: ${cause}`));
    }
    for (const note of data.notes ?? []) made.append(el("p.note", note));
  }

  // A packet: its bytes and its fields, which point at each other.
  function packetView(packet) {
    const octets = packet.hex.match(/../g) ?? [];
    const cells = octets.map((octet, i) => {
      const cell = el("span.octet", octet);
      cell.title = `byte ${i}`;
      return cell;
    });
    const bytes = el("div.bytes");
    for (let i = 0; i < cells.length; i += 16) {
      bytes.append(el("div.row", el("span.offset", String(i).padStart(4, "0")),
        ...cells.slice(i, i + 16)));
    }
    const mark = (from, to, on) => {
      for (let i = from; i < to; ++i) cells[i]?.classList.toggle("marked", on);
    };
    const pointed = (element, from, to) => {
      element.addEventListener("mouseenter", () => mark(from, to, true));
      element.addEventListener("mouseleave", () => mark(from, to, false));
    };
    const layers = el("div.layers");
    packet.layers.forEach((layer, number) => {
      const end = layer.first + layer.size;
      for (let i = layer.first; i < end; ++i) cells[i].classList.add(`layer${number % 6}`);
      const summary = el("summary", el(`span.swatch.layer${number % 6}`), el("b", layer.name),
        ` bytes ${layer.first}..${end - 1}`);
      if (layer.problem) summary.append(" ", el("span.problem", layer.problem));
      pointed(summary, layer.first, end);
      const body = el("tbody");
      for (const field of layer.fields) {
        const row = el("tr", el("td", field.name), el("td.value", field.value),
          el("td.dim", field.note));
        pointed(row, Math.floor(field.bit / 8), Math.ceil((field.bit + field.bits) / 8));
        body.append(row);
      }
      const made = el("details.layer", summary, el("table", body));
      made.open = true;
      layers.append(made);
    });
    return el("div.packet", bytes, layers);
  }

  function mapsView(maps) {
    const made = el("div");
    for (const map of maps) {
      made.append(el("h4", "map ", mapLink(map.map)));
      made.append(map.entries.length === 0 ? el("p.dim", "empty")
        : table(["key", "value"], map.entries.map((entry) => [entry.key, entry.value])));
    }
    return made;
  }
  function mapLink(name) {
    const index = (data.maps ?? []).findIndex((map) => map.name === name);
    return index < 0 ? el("span", name) : link(`map-${index}`, name);
  }

  function snippet(place) {
    if (!place) return null;
    const made = el("pre.snippet");
    if (place.line) {
      made.append(el("span.where", `${place.file}:${place.line}:${place.column}\n`));
      const raw = place.raw ?? place.text ?? "";
      made.append(raw.replace(/\s+$/, "") + "\n");
      const indent = raw.slice(0, Math.max(0, place.column - 1)).replace(/[^\t]/g, " ");
      if (place.column) made.append(el("span.caret", indent + "^\n"));
    }
    made.append(el("span.dim", `slot ${place.slot}: ${place.insn ?? ""}`));
    return made;
  }

  function trailView(trail) {
    const rows = trail.map(([slot, taken]) => el("li", slotLink(slot), " ",
      el("span.dim", taken ? "taken" : "not taken"), " ", el("code", sourceOf(slot))));
    return el("ol.trail", ...rows);
  }

  function findingView(finding, number) {
    const made = el("article.finding",
      el("h3", `${number}. ${finding.property}: ${finding.text}`), snippet(finding.place));
    made.id = `finding-${number}`;
    const path = pathOfTrail(finding.trail ?? []);
    if (path >= 0) made.append(el("p", link(`path-${path}`, `path ${path} in the tree`)));
    for (const replay of finding.replays ?? []) {
      made.append(el("p", badge(replay.outcome.split(" ")[0].toLowerCase()),
        ` on ${replay.engine}: ${replay.text}`));
    }
    if (finding.packet) {
      const length = finding.packet.hex.length / 2;
      made.append(el("h4", `packet, ${plural(length, "byte")}`), packetView(finding.packet));
    }
    const ctx = Object.entries(finding.ctx ?? {});
    if (ctx.length > 0) {
      made.append(el("h4", "ctx"), el("p.mono", ctx.map(([n, v]) => `${n} = ${v}`).join(", ")));
    }
    if (finding.maps?.length) made.append(mapsView(finding.maps));
    for (const line of finding.given ?? []) made.append(el("p.note", line));
    for (const result of finding.helper_results ?? []) made.append(el("p.note", result));
    const registers = Object.entries(finding.registers ?? {});
    if (registers.length > 0) {
      made.append(el("h4", "registers"),
        table(["register", "value"], registers.map(([n, v]) => [n, v])));
    }
    if (finding.trail?.length) {
      const summary = el("summary", plural(finding.trail.length, "branch").replace("hs", "hes"));
      made.append(lazy(summary, (at) => at.append(trailView(finding.trail))));
    }
    for (const run of finding.runs ?? []) {
      made.append(el("h4", run.name), el("p", run.text ?? ""));
      if (run.packet) made.append(packetView(run.packet));
    }
    if (finding.files) {
      made.append(el("p.dim", `again: probity replay ${finding.files}.json`));
    }
    return made;
  }

  function findings() {
    const list = data.findings ?? [];
    if (list.length > 0) {
      section("findings", plural(list.length, "counterexample"),
        ...list.map((finding, i) => findingView(finding, i + 1)));
    }
    const open = data.unknowns ?? [];
    if (open.length === 0) return;
    section("unknowns", `${open.length} undecided`, table(["where", "why"],
      open.map((one) => [slotLink(one.slot), one.reason])));
  }

  /// The verdict on a statement, with the counterexample at its line.
  function specVerdict(one) {
    const made = el("span", badge(one.status));
    const at = (data.findings ?? []).findIndex((finding) => finding.place?.line &&
      one.place.endsWith(`${finding.place.file.split("/").pop()}:${finding.place.line}`));
    if (at >= 0 && one.status === "refuted") {
      made.append(" ", link(`finding-${at + 1}`, `counterexample ${at + 1}`));
    }
    return made;
  }

  function specs() {
    const isSpec = (site) => ["assertion", "return value", "relation"].includes(site.property);
    const row = (site) => {
      const finding = (data.findings ?? []).findIndex(
        (one) => one.slot === site.slot && one.property === site.property);
      const verdict = badge(site.status);
      const cell = finding < 0 ? verdict : el("span", verdict, " ",
        link(`finding-${finding + 1}`, `counterexample ${finding + 1}`));
      return [cell, site.property, slotLink(site.slot), el("code", sourceOf(site.slot)),
        String(site.paths)];
    };
    const columns = ["verdict", "property", "where", "source", "paths"];
    const sites = data.sites ?? [];
    const stated = data.specs ?? [];
    if (stated.length > 0) {
      section("specs", "Specifications", table(["verdict", "where", "statement", "paths"],
        stated.map((one) => [specVerdict(one), one.place, el("code", one.text),
          `${one.checked_paths} of ${one.reached_paths}`])));
    } else if (sites.some(isSpec)) {
      section("specs", "Specifications", table(columns, sites.filter(isSpec).map(row)));
    }
    const others = sites.filter((site) => !isSpec(site));
    if (others.length === 0) return;
    const summary = el("summary", `${others.length} places`);
    const bad = others.filter((site) => site.status !== "proved");
    const made = section("checks", "Safety checks");
    if (bad.length > 0) made.append(table(columns, bad.map(row)));
    made.append(lazy(summary, (at) => at.append(table(columns, others.map(row)))));
  }

  // The tree: a node is a branch; chains of nodes with one child are shown as one.
  const paths = [];
  const root = { next: new Map(), leaves: [], parent: null, tally: new Map() };
  function makeTree() {
    let trail = [];
    for (const path of data.paths ?? []) {
      trail = trail.slice(0, path.s).concat(path.t);
      path.trail = trail;
      path.number = paths.length;
      paths.push(path);
      let node = root;
      const count = (at) => {
        const name = actionClass(path);
        at.tally.set(name, (at.tally.get(name) ?? 0) + 1);
        at.worst = Math.max(at.worst ?? 0, path.v === 1 ? 2 : path.v === 2 ? 1 : 0);
      };
      count(node);
      for (const step of trail) {
        if (!node.next.has(step)) {
          node.next.set(step, { next: new Map(), leaves: [], parent: node, step,
            tally: new Map() });
        }
        node = node.next.get(step);
        count(node);
      }
      node.leaves.push(path);
      path.node = node;
    }
  }
  function pathOfTrail(trail) {
    let node = root;
    for (const [slot, taken] of trail) {
      node = node.next.get(slot * 2 + (taken ? 1 : 0));
      if (!node) return -1;
    }
    while (node.leaves.length === 0 && node.next.size > 0) node = node.next.values().next().value;
    return node.leaves.length > 0 ? node.leaves[0].number : -1;
  }
  function bar(tally) {
    const made = el("span.bar");
    let total = 0;
    for (const count of tally.values()) total += count;
    for (const [name, count] of [...tally].sort()) {
      const part = el(`span.${name}`);
      part.style.width = `${(100 * count) / total}%`;
      part.title = `${name}: ${count}`;
      made.append(part);
    }
    return el("span.count", made, ` ${total.toLocaleString("en")}`);
  }
  const verdictNames = ["proved", "refuted", "unknown", "merged", "excluded", "dropped"];
  function leafView(path) {
    const made = el("div.leaf", el(`span.action.${actionClass(path)}`, actionName(path)), " ",
      badge(verdictNames[path.v]), ` path ${path.number}`,
      el("span.dim", ` · ${path.n} insns · packets of ${path.l[0]}..${path.l[1]} bytes · ends at `),
      slotLink(path.e));
    if (path.r) made.append(el("span.note", ` ${path.r}`));
    made.id = `path-${path.number}`;
    path.element = made;
    return made;
  }
  function edgeText(step) {
    const slot = step >> 1;
    return el("span", slotLink(slot), " ",
      el(step & 1 ? "span.taken" : "span.missed", step & 1 ? "taken" : "not taken"), " ",
      el("code", sourceOf(slot)));
  }
  function nodeView(node) {
    const chain = [node];
    while (chain.at(-1).next.size === 1 && chain.at(-1).leaves.length === 0) {
      chain.push(chain.at(-1).next.values().next().value);
    }
    const last = chain.at(-1);
    const edges = el("span.edges", ...chain.map((one) => el("div", edgeText(one.step))));
    const summary = el("summary", bar(last.tally), edges);
    if (last.worst) summary.classList.add(last.worst === 2 ? "hasrefuted" : "hasunknown");
    const made = lazy(summary, (at) => at.append(childrenView(last)));
    for (const one of chain) one.element = made;
    if (last.next.size === 0 && last.leaves.length === 1) {
      made.open = true;
      made.fill();
    }
    return made;
  }
  function childrenView(node) {
    const made = el("div.children");
    for (const leaf of node.leaves) made.append(leafView(leaf));
    for (const child of node.next.values()) made.append(nodeView(child));
    return made;
  }
  function openPath(number) {
    const path = paths[number];
    if (!path) return;
    const nodes = [];
    for (let node = path.node; node.parent; node = node.parent) nodes.unshift(node);
    for (const node of nodes) {
      if (!node.element) continue;
      node.element.open = true;
      node.element.fill();
    }
    path.element?.scrollIntoView({ block: "center" });
    path.element?.classList.add("marked");
  }
  function tree() {
    if (paths.length === 0) return;
    const legend = el("p.legend");
    const seen = new Map();
    for (const path of paths) {
      const name = path.o || path.a === null ? actionName(path) : "computed";
      const entry = seen.get(name) ?? [actionClass(path), 0];
      ++entry[1];
      seen.set(name, entry);
    }
    for (const [name, [kind, count]] of seen) {
      legend.append(el(`span.action.${kind}`, name), ` ${count.toLocaleString("en")} `);
    }
    const made = section("paths", "Paths", legend);
    if (data.paths_left_out) {
      made.append(el("p.note", `${plural(data.paths_left_out, "path")} more are not drawn`));
    }
    const view = childrenView(root);
    view.classList.add("tree");
    made.append(view);
    let node = root;  // the first forks are open
    for (let i = 0; i < 3 && node; ++i) {
      for (const child of node.next.values()) {
        if (child.element && paths.length < 500) child.element.open = true, child.element.fill();
      }
      node = node.next.values().next().value;
    }
    for (const finding of data.findings ?? []) openPathOf(finding);
  }
  function openPathOf(finding) {
    const number = pathOfTrail(finding.trail ?? []);
    if (number < 0) return;
    for (let node = paths[number].node; node.parent; node = node.parent) {
      node.element?.classList.add("leads");
    }
  }

  function tables() {
    (data.tables ?? []).forEach((one, i) =>
      section(`table-${i}`, one.title, table(one.columns, one.rows)));
  }

  function maps() {
    if (!data.maps?.length) return;
    const rows = data.maps.map((map, i) => {
      const name = el("b", map.name);
      name.id = `map-${i}`;
      return [name, map.type, `${map.key_size} bytes`, `${map.value_size} bytes`,
        String(map.max_entries)];
    });
    section("maps", "Maps", table(["name", "type", "key", "value", "entries"], rows));
  }

  function program() {
    if (listing.length === 0) return;
    const status = new Map();
    for (const site of data.sites ?? []) {
      const rank = { proved: 0, unknown: 1, refuted: 2 };
      if ((rank[status.get(site.slot)] ?? -1) < rank[site.status]) {
        status.set(site.slot, site.status);
      }
    }
    const body = el("div.listing");
    let line = "";
    for (const insn of listing) {
      if (insn.function) body.append(el("div.function", insn.function));
      const source = insn.line ? `${insn.file}:${insn.line}` : "";
      if (source && source !== line) {
        body.append(el("div.source", el("span.dim", `${placeText(insn.slot)} `),
          insn.source ?? ""));
      }
      line = source || line;
      const row = el(`div.insn.${status.get(insn.slot) ?? "plain"}`,
        el("span.offset", String(shown(insn.slot))), insn.text);
      row.id = `slot-${insn.slot}`;
      body.append(row);
    }
    section("program", "Program", body);
  }

  function follow() {
    const match = /^#path-(\d+)$/.exec(location.hash);
    if (match) openPath(Number(match[1]));
  }

  head();
  makeTree();
  overview();
  findings();
  specs();
  tables();
  tree();
  maps();
  program();
  app.querySelector("nav").append(...contents.map(([id, title]) => link(id, title)));
  addEventListener("hashchange", follow);
  follow();
  document.documentElement.dataset.rendered = "yes";
})();
