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
                           {"bad name", "B.", gauge, {}, 4},
                           {"1st", "B.", gauge, {}, 5},
                           {"", "B.", gauge, {}, 6},
                           {"label", "L.", gauge, {{"not-a-name", "x"}}, 7}};
  CHECK(metrics_text(metrics) == "# HELP good G.\n# TYPE good gauge\ngood{l=\"1\"} 1\n");
}
