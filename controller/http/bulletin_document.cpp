// What the bulletin says, in one language.
#include <algorithm>

#include "controller/http/bulletin_figures.hpp"
#include "controller/http/words.hpp"
#include "controller/map/headlines.hpp"

namespace capmap {
namespace {

constexpr auto kFp32 = static_cast<std::size_t>(Precision::kFp32), kFp16 = static_cast<std::size_t>(Precision::kFp16);

class Writer {
 public:
  Writer(const Bulletin& bulletin, BulletinLanguage language) : from_(bulletin), all_(bulletin.regions.total), language_(language) {}

  BulletinDocument write() {
    BulletinDocument document{
        .language = language_, .title = say("Computing capacity bulletin", "算力公报"), .lines = lines(), .tables = {}};
    document.tables = {headlines_table(), peaks(), regions(), hubs(), classes(), owners(), left_out()};
    std::erase_if(document.tables, [](const BulletinTable& table) { return table.rows.empty(); });
    return document;
  }

 private:
  [[nodiscard]] std::string say(const char* english, const char* chinese) const {
    return language_ == BulletinLanguage::kChinese ? chinese : english;
  }
  [[nodiscard]] std::string of_share(std::uint32_t permille) const { return share_cell(permille).text; }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    lines.push_back(say("As of ", "截至 ") + from_.at + say("; the map is ", "；地图龄 ") + std::to_string(from_.age_ms) +
                    say(" ms old, revision ", " 毫秒，版本 ") + std::to_string(from_.revision) + say(", epoch ", "，纪元 ") + from_.epoch);
    lines.push_back(say("Rated by chip table ", "额定值取自芯片表 ") + from_.catalog + say(", made by capmap ", "，由 capmap 生成，版本 ") +
                    from_.version);
    if (!from_.scope.empty()) lines.push_back(say("Only what lies within ", "仅含范围 ") + from_.scope);
    if (from_.unheard_nodes > 0) {
      lines.push_back(
          say("Not complete: this controller has started lately and has not heard ", "不完整：控制器刚启动，尚未收到汇报的节点 ") +
          count_cell(from_.unheard_nodes).text + say(" of ", " 个，共 ") + count_cell(from_.known_nodes).text + say(" nodes yet", " 个"));
    }
    lines.push_back(
        say("Counted is what agents probe on installed servers: neither retired nor quarantined. Peaks are dense rates at base clock; "
            "precisions are never added or converted",
            "统计口径：代理在已安装服务器上实测到的设备，不含退役与隔离。峰值为基准频率下的稠密速率；不同精度不相加、不折算"));
    lines.push_back(say("Of installed servers are not fresh ", "已安装服务器中：未及时汇报 ") + of_share(all_.stale_permille()) +
                    say(", of unknown hardware ", "，硬件未知 ") + of_share(all_.unknown_permille()) +
                    say(", with a part unrated ", "，含未评定部件 ") + of_share(all_.unrated_permille()));
    return lines;
  }

  [[nodiscard]] static BulletinCell accelerators_at(const RollupGroup& group, std::size_t precision) {
    const auto& peak = group.accelerator_peak;
    return rate_cell(peak.offered[precision] > 0, peak.mflops[precision], precision >= static_cast<std::size_t>(Precision::kInt8));
  }
  [[nodiscard]] static BulletinCell cpus_at(const RollupGroup& group, std::size_t precision) {
    const auto& peak = group.cpu_peak;
    return rate_cell(peak.offered[precision] > 0, peak.mflops[precision], precision >= static_cast<std::size_t>(Precision::kInt8));
  }

  /// Ours, what it counts, and both at other dates by others.
  [[nodiscard]] BulletinTable headlines_table() const {
    BulletinTable table{
        .title = say("Headlines", "要点"),
        .note = say("What others published stands beside ours as it was printed. The bases differ: read them before comparing.",
                    "他人公布的数字按原文列出。统计口径不同，比较前请先看口径。"),
        .columns = {{say("figure", "指标"), ""},
                    {say("here", "本平台"), ""},
                    {say("counts", "口径"), ""},
                    {say("published", "已公布"), ""}},
        .rows = {},
        .charts = {}};
    const auto row = [&](HeadlineSubject subject, const char* english, const char* chinese, std::string ours, std::string basis) {
      table.rows.push_back(
          {text_cell(say(english, chinese)), text_cell(std::move(ours)), text_cell(std::move(basis)), text_cell(published(subject))});
    };
    const auto sum = [&](std::size_t precision) {
      const auto& cpu = all_.cpu_peak;
      const auto& accelerator = all_.accelerator_peak;
      return rate_cell(cpu.offered[precision] + accelerator.offered[precision] > 0,
                       U128{cpu.mflops[precision]} + accelerator.mflops[precision]);
    };
    row(HeadlineSubject::kCompute, "all compute", "算力总规模", "FP32 " + sum(kFp32).text + "; FP16 " + sum(kFp16).text,
        say("CPUs and accelerators, rated ones alone", "CPU 与加速卡，仅计已评定者"));
    row(HeadlineSubject::kIntelligent, "accelerators", "智能算力",
        "FP32 " + accelerators_at(all_, kFp32).text + "; FP16 " + accelerators_at(all_, kFp16).text,
        say("accelerators, rated ones alone: ", "加速卡，仅计已评定者：") + count_cell(all_.rated_accelerators).text + say(" of ", " / ") +
            count_cell(all_.accelerators).text);
    row(HeadlineSubject::kStorage, "storage", "存力总规模", bytes_cell(all_.storage_bytes.value).text,
        say("disks in servers; without a size: ", "服务器内磁盘；容量未知：") + count_cell(all_.storage_bytes.unknown).text);
    if (from_.shared.things > 0) table.rows.push_back(shared_row());
    row(HeadlineSubject::kAdvancedStorage, "advanced storage", "先进存储占比", share_cell(all_.advanced_permille()).text,
        say("flash in the bytes of disks in servers", "服务器内磁盘容量中闪存所占"));
    row(HeadlineSubject::kHubShare, "in national hubs", "国家枢纽占比",
        "FP16 " + share_cell(hub_share(kFp16)).text + "; FP32 " + share_cell(hub_share(kFp32)).text,
        say("of all installed accelerators, not of new ones", "占全部已安装加速卡，而非新增"));
    row(HeadlineSubject::kRacks, "racks", "标准机架", say("not measured", "不测量"),
        say("agents see servers, not racks", "代理只见服务器，不见机架"));
    return table;
  }

  /// Beside the disks, not added to them: they may be the disks of servers that report too.
  [[nodiscard]] std::vector<BulletinCell> shared_row() const {
    const auto& shared = from_.shared;
    constexpr U128 kBytesPerMb = 1'000'000;
    std::string ours = bytes_cell(shared.size_mb * kBytesPerMb).text;
    if (shared.things > shared.unknown_use) ours += say("; used ", "；已用 ") + bytes_cell(shared.used_mb * kBytesPerMb).text;
    return {
        text_cell(say("shared file systems", "共享文件系统")), text_cell(std::move(ours)),
        text_cell(count_cell(shared.things).text + say(" that servers mount, each once; without a size: ", " 个（各计一次），容量未知：") +
                  count_cell(shared.unknown_size).text + say("; their disks may be among those above", "；其磁盘可能已计入上一行") +
                  (shared.full ? say("; more may be mounted than are kept", "；挂载数超过保存上限，可能不全") : "")),
        text_cell("")};
  }

  [[nodiscard]] std::string published(HeadlineSubject subject) const {
    std::string text;
    for (const auto& one : headlines()) {
      if (one.subject != subject) continue;
      text += (text.empty() ? "" : "\n") + std::string(one.date) + ": " + one.figure + " (" + say(one.basis, one.basis_zh) + "; " +
              one.source + ", " + say("confidence ", "可信度 ") + one.confidence + ")";
    }
    return text;
  }

  [[nodiscard]] std::optional<std::uint32_t> hub_share(std::size_t precision) const {
    U128 inside = 0;
    for (const auto& group : from_.hubs.groups) {
      if (!group.key[0].empty()) inside += group.accelerator_peak.mflops[precision];
    }
    return permille_of(inside, all_.accelerator_peak.mflops[precision]);
  }

  [[nodiscard]] BulletinTable peaks() const {
    BulletinTable table{
        .title = say("Peak by precision", "各精度峰值"),
        .note = say("Each line is a basis of its own; lines are not added. \"Rpeak-like\" is FP64 of matrix units, else of vector units.",
                    "每行各为一种口径，不可相加。\"类 Rpeak\" 取矩阵单元 FP64，没有则取向量单元。"),
        .columns = {{say("precision", "精度"), ""},
                    {say("accelerators", "加速卡"), "MFLOP/s"},
                    {say("CPUs", "CPU"), "MFLOP/s"},
                    {say("accelerators counted", "计入加速卡"), "1"},
                    {say("rated, without this figure", "已评定但无此值"), "1"},
                    {say("unrated accelerators", "未评定加速卡"), "1"},
                    {say("CPU packages counted", "计入 CPU"), "1"},
                    {say("unrated packages", "未评定 CPU"), "1"}},
        .rows = {},
        .charts = {}};
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      const auto counted = all_.accelerator_peak.offered[i];
      table.rows.push_back({text_cell(kPrecisionNames[i]), accelerators_at(all_, i), cpus_at(all_, i), count_cell(counted),
                            count_cell(all_.rated_accelerators - std::min(all_.rated_accelerators, counted)),
                            count_cell(all_.unrated_accelerators), count_cell(all_.cpu_peak.offered[i]),
                            count_cell(all_.unrated_packages)});
    }
    const auto& accelerator = all_.accelerator_peak;
    table.rows.push_back({text_cell(say("Rpeak-like", "类 Rpeak")), rate_cell(accelerator.rpeak_offered > 0, accelerator.rpeak_mflops),
                          rate_cell(all_.cpu_peak.rpeak_offered > 0, all_.cpu_peak.rpeak_mflops), count_cell(accelerator.rpeak_offered),
                          count_cell(all_.rated_accelerators - std::min(all_.rated_accelerators, accelerator.rpeak_offered)),
                          count_cell(all_.unrated_accelerators), count_cell(all_.cpu_peak.rpeak_offered),
                          count_cell(all_.unrated_packages)});
    return table;
  }

  /// Rows of groups by one dimension, each with what it is of the whole.
  [[nodiscard]] BulletinTable places(std::string title, std::string first, const Rollup& rollup,
                                     const std::vector<std::string>* names) const {
    BulletinTable table{.title = std::move(title),
                        .note = {},
                        .columns = {{std::move(first), ""},
                                    {say("servers", "服务器"), "1"},
                                    {say("healthy", "健康"), "permille"},
                                    {say("accelerators", "加速卡"), "1"},
                                    {say("accelerators FP16", "加速卡 FP16"), "MFLOP/s"},
                                    {say("accelerators FP32", "加速卡 FP32"), "MFLOP/s"},
                                    {say("CPUs FP32", "CPU FP32"), "MFLOP/s"},
                                    {say("share of FP16", "FP16 占比"), "permille"},
                                    {say("storage", "存储"), "B"},
                                    {say("advanced", "先进存储"), "permille"},
                                    {say("not fresh", "未及时汇报"), "permille"},
                                    {say("unrated", "未评定"), "permille"}},
                        .rows = {},
                        .charts = {4, 5, 8}};
    for (std::size_t i = 0; i < rollup.groups.size(); ++i) {
      const auto& group = rollup.groups[i];
      std::string name = names != nullptr ? (*names)[i] : group.key[0];
      if (name.empty()) name = say("not declared", "未申报");
      table.rows.push_back({text_cell(std::move(name)), count_cell(group.installed_nodes),
                            share_cell(permille_of(group.healthy_nodes, group.installed_nodes)), count_cell(group.accelerators),
                            accelerators_at(group, kFp16), accelerators_at(group, kFp32), cpus_at(group, kFp32),
                            share_cell(permille_of(group.accelerator_peak.mflops[kFp16], all_.accelerator_peak.mflops[kFp16])),
                            bytes_cell(group.storage_bytes.value), share_cell(group.advanced_permille()),
                            share_cell(group.stale_permille()), share_cell(group.unrated_permille())});
    }
    return table;
  }
  [[nodiscard]] BulletinTable regions() const {
    return places(say("By region", "按地区"), say("region", "地区"), from_.regions,
                  language_ == BulletinLanguage::kChinese ? &from_.region_names : &from_.region_names_en);
  }
  [[nodiscard]] BulletinTable hubs() const { return places(say("By national hub", "按国家枢纽"), say("hub", "枢纽"), from_.hubs, nullptr); }
  [[nodiscard]] BulletinTable classes() const {
    return places(say("By compute class", "按算力类别"), say("class, as declared", "类别（申报）"), from_.classes, nullptr);
  }

  [[nodiscard]] BulletinTable owners() const {
    BulletinTable table{.title = say("Use by owner", "按所有者的利用率"),
                        .note = say("Of available servers alone: fresh and in service. Where use is not known, it is in neither part.",
                                    "仅计可用服务器（及时汇报且在役）。利用率未知者不计入。"),
                        .columns = {{say("owner, as declared", "所有者（申报）"), ""},
                                    {say("available servers", "可用服务器"), "1"},
                                    {say("CPU in use", "CPU 利用率"), "permille"},
                                    {say("CPU use unknown", "CPU 利用率未知"), "1"},
                                    {say("accelerators used", "加速卡使用率"), "permille"},
                                    {say("accelerators free", "空闲加速卡"), "1"},
                                    {say("accelerator use unknown", "加速卡使用未知"), "1"}},
                        .rows = {},
                        .charts = {2, 4}};
    for (const auto& group : from_.owners.groups) {
      const auto busy = group.cpu_busy_millicores.value, free = group.cpu_free_millicores.value;
      const bool known = use_known(group, group.cpu_busy_millicores), cards = accelerator_use_known(group);
      table.rows.push_back(
          {text_cell(group.key[0].empty() ? say("not declared", "未申报") : group.key[0]), count_cell(group.available_nodes),
           known ? share_cell(permille_of(busy, busy + free)) : unknown_cell(), count_cell(group.cpu_busy_millicores.unknown),
           cards ? share_cell(permille_of(group.accelerators_used, group.accelerators_used + group.accelerators_free)) : unknown_cell(),
           cards ? count_cell(group.accelerators_free) : unknown_cell(), count_cell(group.accelerators_use_unknown)});
    }
    return table;
  }

  [[nodiscard]] BulletinTable left_out() const {
    constexpr std::size_t kMostReasons = 30;
    BulletinTable table{.title = say("What these figures leave out", "未计入的部分"),
                        .note = {},
                        .columns = {{say("what", "内容"), ""}, {say("how many", "数量"), "1"}, {say("why", "原因"), ""}},
                        .rows = {},
                        .charts = {}};
    const auto row = [&](std::string what, std::uint64_t count, std::string why) {
      if (count > 0) table.rows.push_back({text_cell(std::move(what)), count_cell(count), text_cell(std::move(why))});
    };
    const auto state = [&](Liveness liveness) { return all_.nodes_by_liveness[static_cast<std::size_t>(liveness)]; };
    row(say("servers of unknown hardware", "硬件未知的服务器"), all_.hardware_unknown_nodes,
        say("no shape was told: in no figure of capacity", "未上报硬件：不计入任何容量"));
    row(say("servers lost", "失联服务器"), state(Liveness::kLost), say("installed, not healthy", "计入已安装，不计入健康"));
    row(say("servers stale", "滞后服务器"), state(Liveness::kStale), say("healthy, not available", "计入健康，不计入可用"));
    row(say("servers not heard since the start", "启动后未汇报的服务器"), state(Liveness::kResyncing),
        say("installed, not healthy", "计入已安装，不计入健康"));
    row(say("disks of unknown size", "容量未知的磁盘"), all_.storage_bytes.unknown, say("in no sum of bytes", "不计入容量"));
    std::vector<std::pair<std::uint64_t, std::pair<std::string, std::string>>> reasons;
    for (const auto& [reason, count] : all_.unrated_why) reasons.emplace_back(count, reason);
    std::ranges::stable_sort(reasons, std::greater<>(), [](const auto& one) { return one.first; });
    for (std::size_t i = 0; i < std::min(kMostReasons, reasons.size()); ++i) {
      row(say("unrated: ", "未评定：") + reasons[i].second.first, reasons[i].first, reasons[i].second.second);
    }
    if (reasons.size() > kMostReasons)
      row(say("more kinds of unrated parts", "其他未评定部件种类"), reasons.size() - kMostReasons, "capmapctl chips unrated");
    return table;
  }

  const Bulletin& from_;
  const RollupGroup& all_;
  BulletinLanguage language_;
};

}  // namespace

BulletinDocument bulletin_document(const Bulletin& bulletin, BulletinLanguage language) {
  return Writer(bulletin, language).write();
}

}  // namespace capmap
