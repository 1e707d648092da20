#include "controller/http/metrics_text.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace capmap;

TEST_CASE("metrics text: samples of a name stand together under one HELP and TYPE, in the order the names came") {
  const auto counter = Metric::Kind::kCounter;
  const Metrics metrics = {{"b_total", "Bees.", counter, {{"kind", "x"}}, 1},
                           {"a", "Ay.", Metric::Kind::kGauge, {}, 2.5},
                           {"b_total", "Bees.", counter, {{"kind", "y"}}, 3}};
  CHECK(metrics_text(metrics) ==
        "# HELP b_total Bees.\n# TYPE b_total counter\nb_total{kind=\"x\"} 1\nb_total{kind=\"y\"} 3\n"
        "# HELP a Ay.\n# TYPE a gauge\na 2.5\n");
}

TEST_CASE("metrics text: quotes, backslashes and line ends in labels and help are escaped") {
  const Metrics metrics = {{"a", "one\ntwo \\ \"three\"", Metric::Kind::kGauge, {{"l", "a\"b\\c\nd"}}, 1}};
  CHECK(metrics_text(metrics) == "# HELP a one\\ntwo \\\\ \"three\"\n# TYPE a gauge\na{l=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST_CASE("metrics text: whole numbers have no exponent, and what is no number has its words") {
  const auto value_of = [](double value) {
    const auto text = metrics_text({{"a", "", Metric::Kind::kGauge, {}, value}});
    return text.substr(text.rfind(' ') + 1);
  };
  CHECK(value_of(0) == "0\n");
  CHECK(value_of(-3) == "-3\n");
  CHECK(value_of(9'007'199'254'740'992) == "9007199254740992\n");
  CHECK(value_of(1e300).find("e+300") != std::string::npos);
  CHECK(value_of(std::nan("")) == "NaN\n");
  CHECK(value_of(INFINITY) == "+Inf\n");
  CHECK(value_of(-INFINITY) == "-Inf\n");
}

TEST_CASE("metrics text: one bad sample is left out instead of spoiling the whole page") {
  const auto gauge = Metric::Kind::kGauge;
  const Metrics metrics = {{"good", "G.", gauge, {{"l", "1"}}, 1},
                           {"good", "G.", gauge, {{"l", "1"}}, 2},
                           {"good", "G.", Metric::Kind::kCounter, {}, 3},
                           {"count", "A counter is called _total.", Metric::Kind::kCounter, {}, 3},
                           {"bad name", "B.", gauge, {}, 4},
                           {"minus_total", "M.", Metric::Kind::kCounter, {}, -1},
                           {"nan_total", "N.", Metric::Kind::kCounter, {}, std::nan("")},
                           {"no_info_at_all", "N.", Metric::Kind::kInfo, {}, 1},
                           {"1st", "B.", gauge, {}, 5},
                           {"", "B.", gauge, {}, 6},
                           {"label", "L.", gauge, {{"not-a-name", "x"}}, 7}};
  CHECK(metrics_text(metrics) == "# HELP good G.\n# TYPE good gauge\ngood{l=\"1\"} 1\n");
}

TEST_CASE("metrics text: OpenMetrics tells counters without _total, infos as such, units, and where it ends") {
  const Metrics metrics = {{"a_bytes_total", "All \"bytes\".", Metric::Kind::kCounter, {{"l", "x"}}, 7},
                           {"b_info", "Bee.", Metric::Kind::kInfo, {{"version", "1"}}, 1},
                           {"c_seconds", "Sea.", Metric::Kind::kGauge, {}, 0.25},
                           {"d_bytes_per_second", "Dee.", Metric::Kind::kGauge, {}, 2},
                           {"seconds", "No unit of anything.", Metric::Kind::kGauge, {}, 3}};
  CHECK(metrics_text(metrics, MetricsFormat::kOpenMetrics) ==
        "# TYPE a_bytes counter\n# UNIT a_bytes bytes\n# HELP a_bytes All \\\"bytes\\\".\na_bytes_total{l=\"x\"} 7\n"
        "# TYPE b info\n# HELP b Bee.\nb_info{version=\"1\"} 1\n"
        "# TYPE c_seconds gauge\n# UNIT c_seconds seconds\n# HELP c_seconds Sea.\nc_seconds 0.25\n"
        "# TYPE d_bytes_per_second gauge\n# UNIT d_bytes_per_second bytes_per_second\n# HELP d_bytes_per_second Dee.\n"
        "d_bytes_per_second 2\n"
        "# TYPE seconds gauge\n# HELP seconds No unit of anything.\nseconds 3\n"
        "# EOF\n");
  CHECK(metrics_text({}, MetricsFormat::kOpenMetrics) == "# EOF\n");
  CHECK(metrics_text(metrics).find("# TYPE b_info gauge\n") != std::string::npos);
}

TEST_CASE("metrics text: a name that is no UTF-8 spoils no page, and one that is stays as it is") {
  const auto label = [](const std::string& value) { return metrics_text({{"a", "", Metric::Kind::kGauge, {{"l", value}}, 1}}); };
  CHECK(label("bad \xff\xc0 end").find("l=\"bad ?? end\"") != std::string::npos);
  CHECK(label("\xed\xa0\x80").find("l=\"???\"") != std::string::npos);
  CHECK(label("\u5317\u4eac").find("l=\"\u5317\u4eac\"") != std::string::npos);
}

TEST_CASE("metrics text: who asks for OpenMetrics gets it, everybody else the plain text") {
  const auto open = [](std::string_view accept) { return metrics_format(accept) == MetricsFormat::kOpenMetrics; };
  CHECK(open("application/openmetrics-text"));
  CHECK(open("application/openmetrics-text; version=1.0.0; charset=utf-8"));
  CHECK(open("Application/OpenMetrics-Text ; Version=\"1.0.0\""));
  CHECK(
      open("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
           "*/*;q=0.1"));
  CHECK(open("text/plain;q=0.5, application/openmetrics-text;q=0.5"));
  for (const char* const other :
       {"", "*/*", "text/plain", "application/json", "application/openmetrics-text;q=0", "application/openmetrics-text;q=0.4, text/plain",
        "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;version=2.0.0", "application/openmetrics-text;q=2.5",
        ";;;,,,q=1", "\xff", "application/openmetrics-text;q=", "application/openmetrics-texts", "application/*"}) {
    INFO(other);
    CHECK_FALSE(open(other));
  }
  CHECK_FALSE(open(std::string(100'000, ',') + "application/openmetrics-text"));
}
