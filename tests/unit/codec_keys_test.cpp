#include "common/codec_keys.hpp"

#include <catch2/catch.hpp>

#include "common/codec.hpp"
#include "common/transport.hpp"

using namespace capmap;

TEST_CASE("codec keys: what was said is read, and told apart from other messages by its first bytes") {
  const KeyOffer offer{.next_public_key = make_curve_keys().public_key, .known_server_key = make_curve_keys().public_key};
  CHECK(*decode_key_offer(encode(offer)) == offer);
  CHECK(*decode_key_offer(encode(KeyOffer{})) == KeyOffer{});
  const KeyNews news{.kept_key = make_curve_keys().public_key,
                     .refused = "why",
                     .server_next_key = make_curve_keys().public_key,
                     .server_next_port = 8'473,
                     .rotate = true};
  CHECK(*decode_key_news(encode(news)) == news);
  CHECK(is_key_offer(encode(offer)));
  CHECK(is_key_news(encode(news)));
  const auto heartbeat = encode(Heartbeat{{1, 1}, 1, {}});
  CHECK_FALSE(is_key_offer(heartbeat));
  CHECK_FALSE(is_key_news(heartbeat));
  CHECK_FALSE(is_key_offer({}));
  CHECK_FALSE(decode_key_offer(encode(news)));
  CHECK_FALSE(decode_key_news(heartbeat));
}

TEST_CASE("codec keys: keys have 40 characters, and a server's next key comes with its port") {
  CHECK_FALSE(decode_key_offer(encode(KeyOffer{.next_public_key = "short"})));
  CHECK(decode_key_news(encode(KeyNews{.kept_key = "x"})).error().what == "key news: kept_key is no key of 40 characters");
  CHECK_FALSE(decode_key_news(encode(KeyNews{.server_next_port = 8'473})));
  CHECK_FALSE(decode_key_news(encode(KeyNews{.server_next_key = make_curve_keys().public_key})));
}
