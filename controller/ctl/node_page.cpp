#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/precision.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using enum TextTable::Align;

constexpr std::size_t kLabelWidth = 13;

std::string fact(std::string_view label, const std::string& text) {
  return labelled(label, text, kLabelWidth);
}

std::string known(const std::optional<std::string>& text) {
  return text.value_or("unknown");
}

std::string known(const std::optional<WideAmount>& amount, std::string (*unit)(WideAmount)) {
  return amount ? unit(*amount) : "unknown";
}

std::string mib_text(WideAmount mib) {
  return memory_text(mib << 20);
}
std::string busy_text(WideAmount millicores) {
  return cores_text(millicores) + " PUs busy";
}
std::string megabytes_text(WideAmount mb) {
  return storage_text(mb * 1'000'000);
}
std::string kilobytes_rate(WideAmount kbs) {
  return storage_text(kbs * 1'000) + "/s";
}
std::string kilobits_rate(WideAmount kbps) {
  return kbps < 1'000 ? count_text(kbps) + " kbit/s" : bandwidth_text(kbps / 1'000);
}

std::string yes_no(const Json& object, const char* key, const char* yes, const char* no) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_boolean()) return "unknown";
  return found->get<bool>() ? yes : no;
}

std::string words(const Json& list) {
  std::string text;
  for (const Json& word : list) {
    if (word.is_string()) text += (text.empty() ? "" : " ") + word.get<std::string>();
  }
  return text;
}

std::string liveness_fact(const Json& node) {
  std::string text = known(text_at(node, "liveness"));
  const auto age = number_at(node, "age_ms"), interval = number_at(node, "interval_ms");
  text += age ? ", heard " + age_text(*age) + " ago" : ", not heard since the controller started";
  if (interval && *interval > 0) text += ", reports every " + age_text(*interval);
  return text;
}

std::string verdict_fact(const Json& node) {
  const Json& service = object_at(node, "service");
  std::string ordered;
  if (const auto from = text_at(service, "from")) ordered += " from " + *from;
  if (const auto until = text_at(service, "until")) ordered += " until " + *until;
  if (const auto reason = text_at(service, "reason")) ordered += " (" + *reason + ")";
  if (!ordered.empty()) ordered = ", ordered: " + known(text_at(service, "state")) + ordered;
  const std::string verdict = known(text_at(node, "service_state")) + ordered + "; " + known(text_at(node, "verdict"));
  const std::string reasons = words(list_at(node, "verdict_reasons"));
  return reasons.empty() ? verdict : verdict + ": " + reasons;
}

std::string clock_fact(const Json& node) {
  const auto skew = node.is_object() ? node.find("clock_skew_ms") : node.end();
  if (!node.is_object() || skew == node.end() || !skew->is_number_integer()) return "unknown";
  const auto ms = skew->get<std::int64_t>();
  const std::uint64_t distance = ms < 0 ? ~static_cast<std::uint64_t>(ms) + 1 : static_cast<std::uint64_t>(ms);
  return distance < 1'000 ? "within 1 s of the controller's"
                          : age_text(distance) + (ms < 0 ? " behind" : " ahead of") + " the controller's";
}

/// "rack=r12 row=b"; nothing where its owner says nothing of it.
std::string label_fact(const Json& node) {
  std::string text;
  const Json& labels = object_at(node, "labels");
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    if (label->is_string()) text += (text.empty() ? "" : " ") + label.key() + "=" + label->get<std::string>();
  }
  return text.empty() ? "" : fact("labels", text);
}

/// Versions of the drivers, above the table of what they drive.
std::string driver_facts(const Json& node) {
  std::string text;
  for (const Json& driver : list_at(node, "accelerator_drivers")) {
    const auto cuda = text_at(driver, "cuda_version");
    text += fact("driver", known(text_at(driver, "name")) + " " + known(text_at(driver, "version")) + (cuda ? ", CUDA " + *cuda : ""));
  }
  return text;
}

std::string identity_facts(const Json& node) {
  const Json& site = object_at(node, "site");
  std::string where = known(text_at(site, "name"));
  if (const auto id = text_at(site, "id")) where += " (" + *id + ")";
  if (const auto region = text_at(site, "region")) where += ", region " + *region;
  std::string counted;
  if (const auto why = text_at(node, "counted_why")) counted += fact("counted", "in no total: " + *why);
  const auto guests = list_at(node, "guests").size();
  if (guests > 0) counted += fact("guests", plural(guests, "virtual machine") + " that report too, counted here");
  return fact("node", known(text_at(node, "id"))) + fact("hostname", known(text_at(node, "hostname"))) + fact("site", where) +
         fact("liveness", liveness_fact(node)) + fact("state", verdict_fact(node)) + counted +
         fact("system", known(text_at(node, "os")) + ", kernel " + known(text_at(node, "kernel")) + ", agent " +
                            known(text_at(node, "agent_version")) + ", virtualization " + known(text_at(node, "virtualization"))) +
         fact("machine", known(text_at(node, "maker")) + ", " + known(text_at(node, "product"))) + label_fact(node) +
         fact("clock", clock_fact(node)) + fact("shape", known(text_at(node, "shape_id")));
}

/// " performance" of a hybrid CPU's kind; nothing where all cores are alike.
std::string type_word(const Json& kind) {
  const auto type = text_at(kind, "type");
  return type ? " " + *type : "";
}

std::string cpu_facts(const Json& node) {
  const Json& cpu = object_at(object_at(node, "hardware"), "cpu");
  const auto count = [&cpu](const char* key, const char* thing) {
    const auto number = amount_at(cpu, key);
    return number ? plural(*number, thing) : std::string("unknown ") + thing + "s";
  };
  std::string counts = count("packages", "package") + ", " + count("cores", "core") + ", " + count("pus", "PU") + " (" +
                       known(amount_at(node, "pus_allowed"), count_text) + " allowed), " + count("numa_nodes", "NUMA node");
  for (const Json& kind : list_at(cpu, "core_kinds")) {
    const auto base = number_at(kind, "base_mhz"), most = number_at(kind, "max_mhz");
    counts += "; " + known(amount_at(kind, "cores"), count_text) + type_word(kind) + " at " +
              (base ? count_text(*base) + " MHz" : "unknown base clock");
    if (most) counts += ", at most " + count_text(*most) + " MHz";
  }
  std::string facts = fact("cpu", known(text_at(cpu, "model")) + ", " + known(text_at(cpu, "architecture")) + ", microarchitecture " +
                                      known(text_at(cpu, "microarchitecture"))) +
                      fact("", counts);
  if (const std::string isa = words(list_at(cpu, "isa")); !isa.empty()) facts += fact("", isa);
  return facts;
}

std::string usage_facts(const Json& node) {
  const Json& usage = object_at(node, "usage");
  const auto reading = [&usage](const char* key, std::string (*unit)(WideAmount)) { return known(amount_at(usage, key), unit); };
  return fact("memory", known(amount_at(object_at(node, "hardware"), "memory_bytes"), memory_text) + " installed, " +
                            known(amount_at(node, "memory_total_bytes"), memory_text) + " usable by the system") +
         fact("use", "cpu " + reading("cpu_busy_millicores", busy_text) + "; memory " + reading("memory_used_mib", mib_text) +
                         "; storage " + reading("storage_used_mb", megabytes_text) + " of " +
                         known(amount_at(node, "file_systems_size_mb"), megabytes_text) + ", reading " +
                         reading("storage_read_kbs", kilobytes_rate) + ", writing " + reading("storage_write_kbs", kilobytes_rate) +
                         "; network in " + reading("network_receive_kbps", kilobits_rate) + ", out " +
                         reading("network_transmit_kbps", kilobits_rate) + "; power " + reading("power_watts", watts_text) +
                         "; CPUs given to other guests " + reading("cpu_steal_millicores", cores_text));
}

std::string megabyte_rate(WideAmount mbs) {
  return storage_text(mbs * 1'000'000) + "/s";
}

/// Peak of one part at one precision; absent when the part does not offer it, or is listed as unrated.
std::optional<WideAmount> rate(const Json& node, const char* part, const std::string& precision) {
  return amount_at(object_at(object_at(object_at(node, "hardware"), "peak"), part), (precision + "_mflops").c_str());
}

std::string rate_text(const std::optional<WideAmount>& rate, const std::string& precision) {
  if (!rate) return "–";
  return precision.starts_with("int") ? ops_text(*rate) : flops_text(*rate);
}

std::string peak_tables(const Json& node, const TableLook& look) {
  TextTable peaks({{"PEAK (dense, nominal)", kLeft}, {"CPU"}, {"ACCELERATORS"}});
  bool any = false;
  for (const std::string precision : kPrecisionNames) {
    const auto cpu = rate(node, "cpu", precision), accelerators = rate(node, "accelerators", precision);
    if (!cpu && !accelerators) continue;
    peaks.add({precision, rate_text(cpu, precision), rate_text(accelerators, precision)});
    any = true;
  }
  std::string text = any ? "\n" + peaks.text(look) : "";
  const std::string unrated = unrated_lines(list_at(object_at(object_at(node, "hardware"), "peak"), "unrated"), look);
  return unrated.empty() ? text : text + "\n" + unrated;
}

/// How many there are and how many their drivers show; nothing where there are none.
std::string accelerator_fact(const Json& node) {
  const Json& counts = object_at(node, "accelerator_counts");
  const auto present = amount_at(counts, "pci_present"), visible = amount_at(counts, "driver_visible");
  if (!present || *present == 0) return "";
  return fact("accelerators",
              count_text(*present) + " on the PCI bus, " + (visible ? count_text(*visible) : "unknown how many") + " shown by a driver");
}

std::string accelerator_table(const Json& node, const TableLook& look) {
  const Json& devices = list_at(node, "accelerators");
  const auto any = [&devices](const char* key, WideAmount beyond) {
    return std::ranges::any_of(devices, [&](const Json& device) { return amount_at(device, key).value_or(0) > beyond; });
  };
  const bool cut = any("partitions", 0), many_dies = any("dies", 1);
  std::vector<TextTable::Column> columns = {{"ACCELERATOR", kLeft}, {"MODEL", kLeft}, {"MEMORY"},       {"USED", kLeft},
                                            {"MEMORY USED"},        {"BUSY"},         {"HEALTH", kLeft}};
  if (cut) columns.push_back({"PARTS"});
  if (many_dies) columns.push_back({"DIES"});
  TextTable table(std::move(columns));
  for (const Json& device : devices) {
    const auto busy = number_at(device, "busy_permille");
    std::vector<std::string> cells = {known(text_at(device, "pci_address")),
                                      text_at(device, "name").value_or("PCI " + known(text_at(device, "pci_id"))),
                                      known(amount_at(device, "memory_bytes"), memory_text),
                                      yes_no(device, "used", "used", "free"),
                                      known(amount_at(device, "memory_used_mib"), mib_text),
                                      busy ? share_text(*busy) : "unknown",
                                      yes_no(device, "healthy", "healthy", "not healthy")};
    const auto parts = amount_at(device, "partitions"), dies = amount_at(device, "dies");
    if (cut) cells.push_back(parts ? count_text(*parts) : "–");
    if (many_dies) cells.push_back(known(dies, count_text));
    table.add(std::move(cells));
  }
  return devices.empty() ? "" : "\n" + table.text(look);
}

/// What each draws, may draw and how warm it is; nothing where no driver tells any of it.
std::string accelerator_power_table(const Json& node, const TableLook& look) {
  TextTable table({{"ACCELERATOR", kLeft}, {"POWER"}, {"LIMIT"}, {"TEMPERATURE"}});
  bool any = false;
  for (const Json& device : list_at(node, "accelerators")) {
    const auto with_unit = [&](const char* key, const char* unit) {
      const auto value = number_at(device, key);
      any = any || value;
      return value ? count_text(*value) + unit : std::string("unknown");
    };
    table.add({known(text_at(device, "pci_address")), with_unit("power_watts", " W"), with_unit("power_limit_watts", " W"),
               with_unit("temperature_celsius", " °C")});
  }
  return any ? "\n" + table.text(look) : "";
}

std::string disk_table(const Json& node, const TableLook& look) {
  TextTable table({{"DISK", kLeft}, {"MEDIA", kLeft}, {"SIZE"}, {"MODEL", kLeft}, {"READING"}, {"WRITING"}});
  const Json& disks = list_at(node, "disks");
  for (const Json& disk : disks) {
    table.add({known(text_at(disk, "name")), known(text_at(disk, "media")), known(amount_at(disk, "bytes"), storage_text),
               known(text_at(disk, "model")), known(amount_at(disk, "read_kbs"), kilobytes_rate),
               known(amount_at(disk, "write_kbs"), kilobytes_rate)});
  }
  return disks.empty() ? "" : "\n" + table.text(look);
}

std::string nic_table(const Json& node, const TableLook& look) {
  TextTable table({{"NIC", kLeft}, {"TYPE", kLeft}, {"SPEED"}, {"RDMA", kLeft}, {"IN"}, {"OUT"}});
  const Json& nics = list_at(node, "nics");
  for (const Json& nic : nics) {
    table.add({known(text_at(nic, "name")), known(text_at(nic, "type")), known(amount_at(nic, "speed_mbps"), bandwidth_text),
               yes_no(nic, "rdma", "yes", "no"), known(amount_at(nic, "receive_kbps"), kilobits_rate),
               known(amount_at(nic, "transmit_kbps"), kilobits_rate)});
  }
  return nics.empty() ? "" : "\n" + table.text(look);
}

std::string problem_lines(const Json& node) {
  std::string text;
  for (const Json& problem : list_at(node, "problems")) text += fact(known(text_at(problem, "probe")), known(text_at(problem, "what")));
  return text.empty() ? "" : "\nproblems\n" + text;
}

}  // namespace

std::string measured_text(const Json& node) {
  const Json& measured = object_at(node, "measured");
  const auto at = text_at(measured, "at");
  if (!at) return "";
  const auto figure = [&measured](const char* key, std::string (*unit)(WideAmount)) { return known(amount_at(measured, key), unit); };
  std::string text = fact("measured", *at + ", not nominal: FP64 matrices " + figure("fp64_gemm_mflops", flops_text) + ", FP32 matrices " +
                                          figure("fp32_gemm_mflops", flops_text) + ", memory " + figure("memory_mbs", megabyte_rate) +
                                          ", disk reading " + figure("disk_read_mbs", megabyte_rate));
  text += fact("", known(amount_at(measured, "threads"), count_text) + " threads, " + known(amount_at(measured, "seconds"), count_text) +
                       " s each test");
  for (const Json& condition : list_at(measured, "conditions")) {
    if (condition.is_string()) text += fact("", printable(condition.get<std::string>()));
  }
  return text;
}

std::string node_text(const Json& node, const TableLook& look) {
  std::string text = identity_facts(node);
  if (object_at(node, "hardware").empty()) {
    text += fact("hardware", "unknown: the node has not yet told its shape");
  } else {
    text += cpu_facts(node);
  }
  return text + usage_facts(node) + measured_text(node) + accelerator_fact(node) + driver_facts(node) + peak_tables(node, look) +
         accelerator_table(node, look) + accelerator_power_table(node, look) + disk_table(node, look) + nic_table(node, look) +
         problem_lines(node);
}

}  // namespace capmap
