// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "./Vm.sol";

/// @title Deploy
/// @notice Puts the contracts of `src/` on the chain from their artifacts. Tests and scripts import interfaces and deploy
/// through here, never `new`: each of them would otherwise carry, and compile through the slow pipeline, a copy of what
/// it deploys; and they are compiled by another profile (foundry.toml), whose code is not the one that ships.
library Deploy {
    function fabToken(address owner, address holder) internal returns (IFabToken) {
        return IFabToken(vm.deployCode("FabToken.sol:FabToken", abi.encode(owner, holder)));
    }

    function nodeRegistry(address owner, address fab, uint256 minStake, uint64 unbondingPeriod, uint256 maxMetadata)
        internal
        returns (INodeRegistry)
    {
        return INodeRegistry(
            vm.deployCode(
                "NodeRegistry.sol:NodeRegistry", abi.encode(owner, fab, minStake, unbondingPeriod, maxMetadata)
            )
        );
    }

    function sessionMarket(address owner, address registry, address proofSystem, address feeRecipient, uint16 feeBps)
        internal
        returns (ISessionMarket)
    {
        return ISessionMarket(
            vm.deployCode(
                "SessionMarket.sol:SessionMarket", abi.encode(owner, registry, proofSystem, feeRecipient, feeBps)
            )
        );
    }
}
