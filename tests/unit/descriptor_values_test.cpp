#include "controller/map/descriptor_values.hpp"

#include <catch2/catch.hpp>

using namespace capmap;

namespace {

RollupGroup some_group() {
  RollupGroup group;
  group.installed_nodes = 4;
  group.available_nodes = 3;
  group.packages = 8;
  group.cores = 192;
  group.memory_bytes.value = U128{1} << 42;
  group.storage_bytes.value = 9'000'000'000'000;
  group.storage_bytes_by_media[static_cast<std::size_t>(Media::kNvme)] = 1'000'000'000'000;
  group.nics = 4;
  group.nic_mbps = 400'000;
  group.accelerators = 16;
  group.accelerators_used = 4;
  group.accelerators_free = 8;
  group.power_watts = {.value = 3'000, .unknown = 1};
  group.memory_free_mib = {.value = 2'048, .unknown = 0};
  group.storage_free_mb = {.value = 0, .unknown = 3};
  group.accelerators_by_model = {{"NVIDIA H100", 8}, {"Ascend 910B2", 8}};
  group.available.packages = 6;
  group.available.cores = 144;
  group.available.accelerators = 12;
  const auto fp16 = static_cast<std::size_t>(Precision::kFp16), fp64 = static_cast<std::size_t>(Precision::kFp64);
  group.accelerator_peak.mflops[fp16] = 8'000'000;
  group.accelerator_peak.offered[fp16] = 8;
  group.accelerator_peak.mflops[fp64] = 500'000;
  group.accelerator_peak.offered[fp64] = 16;
  group.cpu_peak.mflops[fp64] = 100'000;
  group.cpu_peak.offered[fp64] = 8;
  return group;
}

}  // namespace

TEST_CASE("descriptor values: every text and figure a table may name is there, known or with the reason why not") {
  for (const auto& group : {some_group(), RollupGroup{}}) {
    DescriptorValues values;
    put_figures(values, group);
    put_texts(values, Site{}, nullptr, DescriptorEdition::kTotal);
    for (const char* name : kDescriptorFigures) {
      CAPTURE(name);
      REQUIRE(values.contains(name));
      CHECK(values[name].figure.has_value() == values[name].why.empty());
    }
    for (const char* name : kDescriptorTexts) {
      CAPTURE(name);
      REQUIRE(values.contains(name));
      CHECK(values[name].text.has_value() == values[name].why.empty());
    }
    CHECK(values.size() == kDescriptorFigures.size() + kDescriptorTexts.size());
  }
}

TEST_CASE("descriptor values: figures are base units, and say what they lack") {
  DescriptorValues values;
  put_figures(values, some_group());
  CHECK(values["memory_bytes"] == DescriptorValue{.figure = U128{1} << 42});
  CHECK(values["network_bps"].figure == U128{400'000'000'000});
  CHECK(values["power_watts"] == DescriptorValue{.figure = 3'000, .incomplete = "1 of 3 nodes do not tell its power"});
  CHECK(values["free_memory_bytes"].figure == U128{2'147'483'648});
  CHECK(values["free_storage_bytes"] == DescriptorValue{.why = "no node tells how much storage is free"});
  CHECK(values["accelerator_peak_fp16_mflops"] ==
        DescriptorValue{.figure = 8'000'000, .incomplete = "8 of 16 accelerators have no sourced fp16 peak"});
  CHECK(values["accelerator_peak_fp32_mflops"] == DescriptorValue{.why = "no accelerator here has a sourced fp32 peak"});
  CHECK(values["peak_fp64_mflops"] == DescriptorValue{.figure = 600'000});
  CHECK(values["models"].text == "Ascend_910B2=8+NVIDIA_H100=8");
  CHECK(values["flash_bytes"].figure == U128{1'000'000'000'000});

  auto group = some_group();
  group.hardware_unknown_nodes = 1;
  group.cpu_peak = {};
  put_figures(values, group);
  CHECK(values["cores"] == DescriptorValue{.figure = 192, .incomplete = "what 1 of 4 nodes are is not known"});
  CHECK(values["peak_fp64_mflops"] ==
        DescriptorValue{.figure = 500'000, .incomplete = "no processor here has a sourced fp64 peak; what 1 of 4 nodes are is not known"});
  group.hardware_unknown_nodes = 4;
  put_figures(values, group);
  CHECK(values["cores"] == DescriptorValue{.why = "what its nodes are is not known yet"});
}

TEST_CASE("descriptor values: codes are the site's own, a pool has a zone of its own, and what is not declared says how to declare it") {
  Site site;
  site.name = "lab";
  site.region = "3301";
  site.codes = {{"zone", "502"}, {"pool_zones.batch", "503"}};
  Pool batch{.id = {}, .site = {}, .name = "batch", .compute_class = {}}, other{.id = {}, .site = {}, .name = "other", .compute_class = {}};
  DescriptorValues values;
  put_texts(values, site, nullptr, DescriptorEdition::kTotal);
  CHECK(values["codes.zone"].text == "502");
  CHECK(values["region_4"].text == "3301");
  CHECK(values["edition"].text == "K1");
  CHECK(values["codes.organization"].why == "is not declared: capmapctl sites codes lab --organization CODE");
  put_texts(values, site, &batch, DescriptorEdition::kAvailable);
  CHECK(values["codes.zone"].text == "503");
  CHECK(values["place"].text == to_text(batch.id));
  put_texts(values, site, &other, DescriptorEdition::kAvailable);
  CHECK(values["codes.zone"].why == "is not declared: capmapctl sites codes lab --pool-zone 'other=CODE'");
  site.region = "33";
  put_texts(values, site, nullptr, DescriptorEdition::kTotal);
  CHECK(values["region_4"].why == "its region is not declared down to the prefecture (4 digits)");
}
