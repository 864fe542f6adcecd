// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IRevenueSplitter} from "../../src/interfaces/IRevenueSplitter.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {SessionMarketTest} from "../SessionMarket/utils/SessionMarketTest.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";

/// @notice Fees of a real session and a real job, from the renter's wallet to everybody who has a part in them.
contract RevenueSplitterFeesTest is SessionMarketTest {
    IRevenueSplitter private splitter;
    address[6] private recipients;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 6; i++) {
            recipients[i] = makeAddr(string.concat("recipient", vm.toString(i)));
        }
        splitter = Deploy.revenueSplitter(owner, recipients);
        vm.prank(owner);
        market.setFeeRecipient(address(splitter));
    }

    /// @dev Of what a host earned, 85 percent are its own, 10 the treasury's and 5 the stakers', to the base unit.
    function testFuzz_FeesOfASession(uint64 outputTokens, bool coin) external {
        ISessionMarket.Terms memory t = coin ? coinTerms() : tokenTerms();
        open(t);
        market.settle(t, voucherFor(t, 0, uint64(bound(outputTokens, 1_000_000, 1_000_000_000))));
        uint256 gross = details(t).settled;
        address[] memory hosts = new address[](1);
        hosts[0] = host;
        market.sweepFees(hosts, t.token);
        assertDivided(t.token, gross * FEE_BPS / 10_000);
    }

    function test_FeesOfAJob() external {
        IPaymentEscrow escrow = Deploy.paymentEscrow(owner, stranger, address(splitter), 1500);
        vm.deal(address(this), 1 ether);
        uint256 id = escrow.createEscrow{value: 1 ether}(renter, COIN, 1 ether, uint40(timestamp() + 1 hours));
        escrow.assignHost(id, host);
        vm.prank(renter);
        escrow.releaseEscrow(id);
        escrow.sweepFees(COIN);
        assertDivided(COIN, 0.15 ether);
    }

    function assertDivided(address asset, uint256 fee) private {
        uint256[6] memory weights = [uint256(500), 300, 200, 200, 200, 100];
        uint256 paid;
        for (uint256 i = 0; i < 6; i++) {
            paid += splitter.withdraw(IRevenueSplitter.Purpose(i), asset);
            assertEq(holding(asset, recipients[i]), fee * weights[i] / 1500);
        }
        assertEq(holding(asset, address(splitter)), fee - paid);
        assertLt(fee - paid, 6);
    }
}
