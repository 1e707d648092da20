#pragma once
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include <vector>

#include "controller/tls/tls_pair.hpp"

namespace capmap {

/// What GnuTLS is handed in a handshake: lives as long as its TlsPair.
struct TlsPair::Native {
  std::vector<gnutls_pcert_st> chain;  ///< [certificate], the server's own first
  gnutls_privkey_t key = nullptr;
};

}  // namespace capmap
