// Sorts a table by the column whose head is pressed.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  };
  const order = (a, b) => typeof a === typeof b && typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "ascending" : "descending");
      const rows = [...body.rows].sort((a, b) => order(key(a, column), key(b, column)));
      body.append(...(down ? rows : rows.reverse()));
    });
  });
}
// Shows the tooltip of what is tapped: a finger cannot point.
const told = document.createElement("output");
told.className = "told";
document.querySelector("main").append(told);
document.addEventListener("click", ({ target }) => {
  const one = target.closest(".picture svg g:has(> title), .picture svg rect:has(> title)");
  told.textContent = one ? one.querySelector(":scope > title").textContent : "";
});
