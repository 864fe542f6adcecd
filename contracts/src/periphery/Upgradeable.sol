// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @title Upgradeable
/// @notice Contracts that hold no money and whose owner, a timelock, may replace their code (UUPS).
/// @dev Slots 0 and 1 are the owner and the next one. The implementation itself belongs to nobody who could act.
abstract contract Upgradeable is Ownable2Step, Initializable, UUPSUpgradeable {
    /// @dev Owner of implementations.
    address private constant NOBODY = address(1);

    constructor() Ownable(NOBODY) {
        _disableInitializers();
    }

    /// @dev For `initialize` of the contract itself, which checks that there is an owner.
    function _initializeOwner(address owner_) internal onlyInitializing {
        _transferOwnership(owner_);
    }

    /// @inheritdoc UUPSUpgradeable
    function _authorizeUpgrade(address) internal override onlyOwner {}
}
