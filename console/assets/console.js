// Keeps numbers live. Every page works without it.
"use strict";
(function () {
  var format = new Intl.NumberFormat("en");
  function show(numbers) {
    document.querySelectorAll("[data-live]").forEach(function (spot) {
      var value = numbers[spot.dataset.live];
      if (typeof value !== "number") { return; }
      var text = format.format(value);
      if (spot.textContent !== text) {
        spot.textContent = text;
        spot.classList.remove("changed");
        void spot.offsetWidth; // begins the animation anew
        spot.classList.add("changed");
      }
      if (spot.classList.contains("badge")) { spot.hidden = value === 0; }
    });
  }
  if (document.querySelector("[data-live]")) {
    var source = new EventSource("/events");
    source.onmessage = function (event) { show(JSON.parse(event.data)); };
    window.addEventListener("pagehide", function () { source.close(); });
  }
  // One box chooses all of a list.
  document.querySelectorAll("[data-all]").forEach(function (all) {
    all.hidden = false;
    var boxes = function () { return all.closest("form").querySelectorAll("input[name=record], input[name=intent]"); };
    var box = all.querySelector("input");
    box.addEventListener("change", function () {
      boxes().forEach(function (one) { one.checked = box.checked; });
    });
  });
  // A page of something under way shows itself anew, unless a person is writing.
  var fresh = document.querySelector("[data-refresh]");
  if (fresh) {
    setInterval(function () {
      var at = document.activeElement;
      if (document.hidden || at && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) { return; }
      location.reload();
    }, 3000);
  }
})();
