#include "controller/map/headlines.hpp"

#include <array>

namespace capmap {
namespace {

using S = HeadlineSubject;
constexpr const char* kMidYear =
    "Ministry of Industry and Information Technology, China Computing Power Conference, August 2025; as reported "
    "by reportify.cn/news/1157211723678224384 and hk.crntt.com/doc/1071/1/7/2/107117290.html";
constexpr const char* kSurvey2024 =
    "National Data Administration, survey of the nation's data resources (2024), April 2025; as reported by alphaseek.cn/?p=614658";
constexpr const char* kActionPlan =
    "action plan for computing infrastructure of six ministries, October 2023; as reported by "
    "english.www.gov.cn/news/202310/09/content_WS6523e392c6d0868f4e8e00f8.html and gkfz.org.cn/show-18151.html";
constexpr const char* kStorage2024 = "21st Century Business Herald, 2025-08-25, as reported by reportify.ai/news/1157343501499895808";

constexpr std::array<Headline, 14> kHeadlines = {{
    {S::kCompute, "2024-06", "246 EFLOPS", "equipment in use; precision not stated", "在用；未说明精度",
     "reported by tgb.cn/a/2f4PaU2dU34 and 6611o.com/News/HTML/20241230090024_15594.html", "B"},
    {S::kCompute, "2024-12", "280 EFLOPS", "precision not stated by the survey; FP32 where a market report prints it",
     "调查未说明精度；一份市场报告转载时注明 FP32",
     "National Data Administration, survey of the nation's data resources (2024), April 2025; as reported by alphaseek.cn/?p=614658; FP32: "
     "n6668.com/news/chanye/20250917/084617275806997754005083_3.shtml",
     "B"},
    {S::kCompute, "2025 (target)", "> 300 EFLOPS", "precision not stated", "未说明精度", kActionPlan, "B"},
    {S::kIntelligent, "2024-12", "32 %", "share of all compute (of 280 EFLOPS: 90); precision not stated",
     "占算力总规模（280 EFLOPS 中的 90）；未说明精度", kSurvey2024, "B"},
    {S::kIntelligent, "2025-06", "788 EFLOPS", "FP16", "FP16", kMidYear, "B"},
    {S::kIntelligent, "2025 (target)", "35 %", "share of all compute; precision not stated", "占算力总规模；未说明精度", kActionPlan, "B"},
    {S::kStorage, "2024-12", "1580 EB", "installed", "总规模", kStorage2024, "B"},
    {S::kStorage, "2025-06", "> 1680 EB", "installed", "总规模", kMidYear, "B"},
    {S::kStorage, "2025 (target)", "> 1800 EB", "installed", "总规模", kActionPlan, "B"},
    {S::kAdvancedStorage, "2024-12", "28 %", "flash in external storage", "外置存储中闪存所占", kStorage2024, "B"},
    {S::kAdvancedStorage, "2025 (target)", "> 30 %", "share of capacity; what is advanced is not stated", "占存储容量；未说明何为先进",
     kActionPlan, "B"},
    {S::kHubShare, "2024-12", "175 of 280 EFLOPS", "compute in the eight national hubs; precision not stated",
     "八大国家枢纽节点；未说明精度", kSurvey2024, "B"},
    {S::kHubShare, "2025 (target)", "60 %", "share of newly built compute in the national hubs", "国家枢纽节点占新增算力",
     "implementation opinions on the national integrated computing network, December 2023; as reported by "
     "zyrm.hnjjbs.com/jingji/202312/68007.html",
     "B"},
    {S::kRacks, "2025-06", "10.85 million standard racks", "in use; mean PUE 1.42", "在用；平均 PUE 1.42", kMidYear, "B"},
}};

}  // namespace

std::span<const Headline> headlines() {
  return kHeadlines;
}

}  // namespace capmap
