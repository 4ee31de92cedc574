// Where a reader starts from: an address typed, a station, a neighbourhood, a place; the answer is that of a click there.
const Address = (function () {
  const { data, words, element, fill, find, folded, get, load, number } = Dom;
  const { FILTERS, everything, known, matching, register } = Register;
  const { map } = Layers;
  const MOST = 8;
  const KNOWN = ["neighbourhoods", "qpv", "communes", "stations", "sites"];
  const HOUSE = /^\s*(\d+)\s*(bis|ter|quater|[a-d])?(?![a-z0-9])[\s,]*(.*)$/i;
  let shown = [];
  let at = -1;
  let asked = 0;

  const wordsOf = (text) => folded(text).split(/[^a-z0-9]+/).filter(Boolean);
  const told = (typed, text) =>
    typed.length > 0 && typed.every((word) => wordsOf(text).some((one) => one.startsWith(word)));

  function middle(geometry) {
    const bounds = L.geoJSON(geometry).getBounds();
    return bounds.isValid() ? bounds.getCenter() : null;
  }

  // What the map shows has a name, and so have the structures once their names are there.
  function places(typed) {
    const layers = KNOWN.flatMap((name) =>
      data.layers[name].features
        .filter(({ geometry, properties }) => geometry && told(typed, properties.title))
        .map(({ geometry, properties }) => ({
          title: properties.title,
          kind: words["kind_" + name],
          vague: 1,
          latlng: middle(geometry),
        }))
    );
    const filters = Object.fromEntries(FILTERS.map((name) => [name, ""]));
    const rows = matching({ q: typed.join(" "), closed: false, date: null, ...filters });
    const structures = rows.filter((row) => row < register.located).slice(0, MOST).map(function (row) {
      const { name, city } = known(row);
      return { title: name, kind: city, vague: 1, latlng: L.latLng(register.latitude[row], register.longitude[row]) };
    });
    return layers.filter(({ latlng }) => latlng).concat(structures);
  }

  // A street has its houses as steps from its middle; the number that is asked for, or the middle, said where it is.
  function houses([name, city, latitude, longitude, numbers, steps], house) {
    /** @type {[number, number][]} */
    const points = [[latitude, longitude]];
    for (let step = 0; step < steps.length; step += 2) {
      const [lat, lng] = points[points.length - 1];
      points.push([lat + steps[step], lng + steps[step + 1]]);
    }
    const place = (title, vague, /** @type {[number, number]} */ [lat, lng]) =>
      ({ title: title, kind: city, vague: vague, latlng: L.latLng(lat / 1e5, lng / 1e5) });
    const all = numbers.split(" ");
    const found = house ? all.findIndex((one) => one.toLowerCase() === house) : -1;
    if (found >= 0) {
      return [place(all[found] + " " + name, 0, points[found + 1])];
    }
    return house
      ? [place(fill(words.address_no_number, { street: name, number: house }), 2, points[0])]
      : [place(name, 1, points[0])];
  }

  function streets(typed) {
    const [, first, letter, rest] = HOUSE.exec(typed) || [null, "", "", typed];
    const house = rest ? (first + (letter || "")).toLowerCase() : "";
    const forms = rest && first ? [wordsOf(rest), wordsOf(typed)] : [wordsOf(typed)];
    const letters = forms.flat().filter((word) => !data.addresses.kinds.includes(word)).map((word) => word[0]);
    const files = data.addresses.letters.filter((one) => letters.includes(one));
    return Promise.all(files.map((one) => load("streets_" + one, "streets-" + one + ".js"))).then(function (loaded) {
      const seen = new Set();
      const matched = loaded.flat().filter(function (street) {
        const key = street[0] + "|" + street[1];
        const fits = forms.some((form) => told(form, street[0] + " " + street[1]));
        return fits && !seen.has(key) && seen.add(key);
      });
      // "8 mai" may be a house or the name of a street.
      return matched.slice(0, MOST).flatMap(function (street) {
        const named = told(wordsOf(typed), street[0] + " " + street[1]);
        return [
          ...(house && told(wordsOf(rest), street[0] + " " + street[1]) && !(named && !street[4].split(" ").includes(house))
            ? houses(street, house)
            : []),
          ...(named ? houses(street, "") : []),
        ];
      });
    });
  }

  function close() {
    shown = [];
    at = -1;
    render();
  }

  function render() {
    const input = get("input", "address");
    const list = get("ul", "address-list");
    list.hidden = !shown.length;
    input.setAttribute("aria-expanded", String(shown.length > 0));
    list.replaceChildren(...shown.map(({ title, kind }, place) =>
      element("li", {
        role: "option",
        id: "address-" + place,
        "aria-selected": String(place === at),
        on: { mousedown: (event) => event.preventDefault(), click: () => choose(place) },
      }, [element("bdi", { text: title }), " ", element("small", { text: kind })])
    ));
    if (at >= 0) {
      input.setAttribute("aria-activedescendant", "address-" + at);
      list.children[at].scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function say(text) {
    get("p", "address-status").textContent = text;
  }

  function suggest() {
    const typed = get("input", "address").value;
    const turn = (asked += 1);
    if (wordsOf(typed).join("").length < 2) {
      close();
      say("");
      return;
    }
    Promise.all([streets(typed), everything()]).then(function ([found]) {
      if (turn === asked) {
        const all = new Map([...found, ...places(wordsOf(typed))].map((one) => [one.title + "|" + one.kind, one]));
        // Houses whose number is known come before streets of which it is not.
        shown = Array.from(all.values()).sort((one, other) => one.vague - other.vague).slice(0, MOST);
        at = -1;
        render();
        say(shown.length ? fill(words.address_found, { count: number(shown.length) }) : words.address_nothing);
      }
    });
  }

  function choose(place) {
    const { title, kind, latlng } = shown[place];
    get("input", "address").value = title + ", " + kind;
    asked += 1;
    close();
    say("");
    map.fire("essgeo:address", { latlng: latlng, title: title });
  }

  function pressed(event) {
    const last = shown.length - 1;
    const to = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1 }[event.key];
    if (to !== undefined && shown.length) {
      at = to;
      render();
    } else if (event.key === "Enter" && shown.length) {
      choose(Math.max(at, 0));
    } else if (event.key === "Escape" && shown.length) {
      close();
    } else {
      return;
    }
    event.preventDefault();
  }

  const input = find("address");
  input?.addEventListener("input", suggest);
  input?.addEventListener("keydown", pressed);
  input?.addEventListener("blur", close);
  return { input: input };
})();
