import { test } from "uvu";
import * as assert from "uvu/assert";
import { networkOf, plainAddress } from "../../../lib/net/network.ts";

test("plainAddress: an IPv4-mapped address becomes IPv4, all others stay", () => {
  for (const [address, plain] of [
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:1.2.3.999", "::ffff:1.2.3.999"],
    ["2001:db8::1", "2001:db8::1"],
    [undefined, ""],
  ] as const)
    assert.is(plainAddress(address), plain);
});

test("networkOf: an IPv4 address, or the first 64 bits of an IPv6 address", () => {
  for (const [address, network] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["2001:db8:1::5:6:7:8", "2001:db8:1:0::/64"],
    ["2001::3:4:5:6:7:8", "2001:0:3:4::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    [undefined, ""],
  ] as const)
    assert.is(networkOf(address), network, address);
});

test.run();
