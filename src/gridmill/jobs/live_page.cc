#include "gridmill/jobs/live_page.h"

#include "gridmill/jobs/chart_page.h"
#include "gridmill/jobs/live_template.h"

namespace gridmill {

std::string live_page() { return chart_page(kLiveTemplate, PageAsks::its_own_server); }

}  // namespace gridmill
