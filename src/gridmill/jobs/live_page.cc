#include "gridmill/jobs/live_page.h"

#include "gridmill/jobs/chart_assets.h"
#include "gridmill/jobs/live_template.h"

namespace gridmill {
namespace {

void put(std::string& page, std::string_view mark, std::string_view text) {
  page.replace(page.find(mark), mark.size(), text);
}

}  // namespace

std::string live_page() {
  std::string page(kLiveTemplate);
  put(page, "@STYLE@", chart_library_css());
  put(page, "@LIBRARY@", chart_library_js());
  return page;
}

}  // namespace gridmill
