// Shows the number and the total amount of selected rows, and selects all at once. Without this script, the next page
// shows them.
const form = document.getElementById("selection");
const boxes = [...form.querySelectorAll("input[name=chosen]")];
const all = document.getElementById("select-all");
// The boxes that select several rows at once, and the rows that each selects: all, or those of a group.
const choices = [[all, boxes]];
for (const choice of form.querySelectorAll("[data-group]")) {
  choices.push([choice, [...choice.closest("section").querySelectorAll("input[name=chosen]")]]);
}
const selected = document.getElementById("selected");
const money = new Intl.NumberFormat(document.documentElement.lang, {
  style: "currency", currency: "EUR", useGrouping: "always",
});

function count() {
  const chosen = boxes.filter((box) => box.checked);
  const cents = chosen.reduce((sum, box) => sum + Math.round(Number(box.dataset.amount || 0) * 100), 0);
  const { none, some } = selected.dataset;
  const text = chosen.length ? `${some} ${chosen.length}` : none;
  selected.textContent = chosen.some((box) => box.dataset.amount) ? `${text} · ${money.format(cents / 100)}` : text;
  for (const [choice, its] of choices) {
    const box = choice.querySelector("input");
    const many = its.filter((each) => each.checked).length;
    box.checked = many === its.length;
    box.indeterminate = many > 0 && !box.checked;
  }
}

for (const [choice, its] of choices) {
  choice.hidden = false;
  choice.addEventListener("change", (event) => {
    for (const box of its) box.checked = event.target.checked;
  });
}
form.addEventListener("change", count);
count();
