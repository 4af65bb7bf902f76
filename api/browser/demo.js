// The shop of /demo: what a page does besides the script. With keys it is /demo?key=pk_…
(function () {
  "use strict";
  var recsys = window.recsys, shelf = document.getElementById("shelf"), looked = [];
  var status = document.getElementById("status"), rung = document.querySelector(".rung");
  recsys.load(new URLSearchParams(location.search).get("key") || "");

  function say(text) {
    status.textContent = text;
  }
  function on(id, act) {
    document.getElementById(id).addEventListener("click", act);
  }
  on("agree", function () {
    recsys.consent(["profiling"]);
    say("Agreed: you have a random id in a cookie; what you choose below changes your list.");
  });
  on("refuse", function () {
    recsys.consent([]);
    recsys.place(shelf);
    say("Refused: no id, no events; the list is everybody's.");
  });
  on("reset", function () {
    looked = [];
    history();
    recsys.reset();
    recsys.place(shelf);
    say("Forgotten: you are somebody else now.");
  });
  shelf.addEventListener("recsys:shown", function (event) {
    rung.textContent = "This list is from the rung " + event.detail.rung + ".";
    [].forEach.call(shelf.querySelectorAll(".card"), function (card) {
      card.addEventListener("click", choose);
    });
  });
  shelf.addEventListener("recsys:fallback", function (event) {
    rung.textContent = "The page's own shelf stays: " + event.detail.reason + ".";
  });
  function choose(event) {
    var card = event.currentTarget;
    event.preventDefault();
    looked.unshift(card.querySelector(".title").textContent);
    history();
    // The click was sent by the script, and is a look at the item: the next list knows it.
    setTimeout(function () {
      recsys.place(shelf);
    }, 400);
  }
  function history() {
    var list = document.getElementById("history");
    list.textContent = "";
    looked.slice(0, 5).forEach(function (title) {
      list.appendChild(document.createElement("li")).textContent = title;
    });
  }
})();
