#include "controller/map/headlines.hpp"

#include <array>

namespace capmap {
namespace {

using S = HeadlineSubject;
constexpr const char* kMidYear =
    "Ministry of Industry and Information Technology, China Computing Power Conference, August 2025; as reported "
    "by reportify.cn/news/1157211723678224384 and hk.crntt.com/doc/1071/1/7/2/107117290.html";
constexpr const char* kEndOf2024 =
    "National Data Administration, Digital China Development Report (2024), May 2025; figure passed on, not read there";

constexpr std::array<Headline, 11> kHeadlines = {{
    {S::kCompute, "2024-06", "246 EFLOPS", "equipment in use; precision not stated", "在用；未说明精度",
     "reported by tgb.cn/a/2f4PaU2dU34 and 6611o.com/News/HTML/20241230090024_15594.html", "B"},
    {S::kCompute, "2024-12", "280 EFLOPS", "equipment in use; precision not stated (FP32 by inference)", "在用；未说明精度（推断为 FP32）",
     kEndOf2024, "C"},
    {S::kCompute, "2025 (target)", "> 300 EFLOPS", "precision not stated", "未说明精度",
     "action plan for computing infrastructure of six ministries, October 2023; figure passed on, not read there", "C"},
    {S::kIntelligent, "2024-12", "90 EFLOPS (32 %)", "precision not stated (FP32 by inference)", "未说明精度（推断为 FP32）", kEndOf2024,
     "C"},
    {S::kIntelligent, "2025-06", "788 EFLOPS", "FP16", "FP16", kMidYear, "B"},
    {S::kIntelligent, "2025 (target)", "35 %", "share of all compute; precision not stated", "占算力总规模；未说明精度",
     "action plan for computing infrastructure of six ministries, October 2023; figure passed on, not read there", "C"},
    {S::kStorage, "2024-12", "1580 EB", "installed", "总规模",
     "21st Century Business Herald, 2025-08-25, as reported by reportify.ai/news/1157343501499895808", "B"},
    {S::kStorage, "2025-06", "> 1680 EB", "installed", "总规模", kMidYear, "B"},
    {S::kAdvancedStorage, "2024-12", "28 %", "flash in external storage", "外置存储中闪存所占",
     "21st Century Business Herald, 2025-08-25, as reported by reportify.ai/news/1157343501499895808", "B"},
    {S::kHubShare, "2025 (target)", "60 %", "share of newly built compute in the national hubs", "国家枢纽节点占新增算力",
     "implementation opinions on the national integrated computing network, December 2023; figure passed on, not read there", "C"},
    {S::kRacks, "2025-06", "10.85 million standard racks", "in use; mean PUE 1.42", "在用；平均 PUE 1.42", kMidYear, "B"},
}};

}  // namespace

std::span<const Headline> headlines() {
  return kHeadlines;
}

}  // namespace capmap
