// On a phone Streamlit's sidebar lies over the page, and stays there when a link in it is pressed.

const PHONE = window.matchMedia("(max-width: 768px)"); // where Streamlit lets it lie over the page

export function closeSidebarAfterLinks() {
  document.addEventListener("click", ({ target }) => {
    if (!PHONE.matches || !target.closest?.(".stSidebar .stPageLink a")) return;
    document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  });
}
