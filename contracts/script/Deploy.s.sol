// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../src/interfaces/ISessionMarket.sol";
import {Deploy} from "../test/utils/Deploy.sol";
import {vm} from "../test/utils/Vm.sol";

/// @title DeployScript
/// @notice Deploys FabToken, NodeRegistry and SessionMarket, accepts the chain's coin, and writes the addresses to
/// `deployments/<chain id>.json`, the file that `fabstir` reads.
/// @dev `tools/foundry forge script script/Deploy.s.sol --rpc-url <url> --broadcast --account <keystore>`
contract DeployScript {
    /// @notice Where each contract stands.
    struct Deployment {
        address fab;
        address registry;
        address market;
    }

    /// @notice What may differ between chains.
    struct Config {
        address owner; // of FabToken, NodeRegistry and SessionMarket; also receives the initial FAB
        address feeRecipient;
        address proofSystem; // zero: none
        uint16 feeBps;
        uint256 minStake;
        uint64 unbondingPeriod;
        uint256 maxMetadata;
    }

    /// @notice Marks the contract as a script for Foundry.
    bool public constant IS_SCRIPT = true;

    uint96 private constant COIN_MIN = 0.0002 ether;
    uint96 private constant COIN_MAX = 1000 ether;

    /// @notice Deploys with the defaults, each overridden by the environment variable named: FABSTIR_OWNER (the sender),
    /// FABSTIR_FEE_RECIPIENT (the owner), FABSTIR_PROOF_SYSTEM (none), FABSTIR_FEE_BPS (1,500), FABSTIR_MIN_STAKE
    /// (1,000 FAB), FABSTIR_UNBONDING_SECONDS (7 days), FABSTIR_MAX_METADATA (4,096).
    function run() external returns (Deployment memory) {
        return deploy(configFromEnvironment(msg.sender), msg.sender);
    }

    /// @notice The defaults, as the environment overrides them.
    function configFromEnvironment(address sender) public view returns (Config memory config) {
        config.owner = vm.envOr("FABSTIR_OWNER", sender);
        config.feeRecipient = vm.envOr("FABSTIR_FEE_RECIPIENT", config.owner);
        config.proofSystem = vm.envOr("FABSTIR_PROOF_SYSTEM", address(0));
        config.feeBps = uint16(_atMost(vm.envOr("FABSTIR_FEE_BPS", uint256(1500)), type(uint16).max));
        config.minStake = vm.envOr("FABSTIR_MIN_STAKE", uint256(1000e18));
        config.unbondingPeriod =
            uint64(_atMost(vm.envOr("FABSTIR_UNBONDING_SECONDS", uint256(7 days)), type(uint64).max));
        config.maxMetadata = vm.envOr("FABSTIR_MAX_METADATA", uint256(4096));
    }

    /// @notice Deploys as `sender`, writes the addresses and returns them. The coin is accepted if `sender` is the owner;
    /// another owner does so itself, by `setTokenLimits`.
    function deploy(Config memory config, address sender) public returns (Deployment memory deployed) {
        uint256 blockBefore = vm.getBlockNumber();
        vm.startBroadcast(sender);
        deployed.fab = address(Deploy.fabToken(config.owner, config.owner));
        deployed.registry = address(
            Deploy.nodeRegistry(config.owner, deployed.fab, config.minStake, config.unbondingPeriod, config.maxMetadata)
        );
        ISessionMarket market = Deploy.sessionMarket(
            config.owner, deployed.registry, config.proofSystem, config.feeRecipient, config.feeBps
        );
        deployed.market = address(market);
        if (config.owner == sender) market.setTokenLimits(address(0), COIN_MIN, COIN_MAX);
        vm.stopBroadcast();
        _write(deployed, blockBefore, config.owner == sender);
    }

    /// @notice Where the addresses on this chain are written.
    function path() public view returns (string memory) {
        return string.concat("deployments/", vm.toString(block.chainid), ".json");
    }

    function _write(Deployment memory deployed, uint256 blockBefore, bool withCoin) private {
        string memory tokens =
            withCoin ? '[{"address":"0x0000000000000000000000000000000000000000","symbol":"ETH","decimals":18}]' : "[]";
        string memory json = string.concat(
            '{\n  "chainId": ',
            vm.toString(block.chainid),
            _field("fab", deployed.fab),
            _field("registry", deployed.registry),
            _field("market", deployed.market),
            ',\n  "block": ',
            vm.toString(blockBefore),
            ',\n  "tokens": ',
            tokens,
            "\n}\n"
        );
        vm.createDir("deployments", true);
        vm.writeFile(path(), json);
    }

    function _field(string memory name, address value) private pure returns (string memory) {
        return string.concat(',\n  "', name, '": "', vm.toString(value), '"');
    }

    function _atMost(uint256 value, uint256 max) private pure returns (uint256) {
        require(value <= max, "DeployScript: a value from the environment is too large");
        return value;
    }
}
