"""How FreeIPMI names the fields of the messaging commands, where it does not use our names.

By command: its template (without ``tmpl_cmd_`` and ``_rq``, ``_rs``), the request's names and the answer's names, ours
first. Get AuthCode and Get Session Info have no template.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Names(NamedTuple):
    """The names of one command."""

    template: str
    request: Mapping[str, str] = MappingProxyType({})
    answer: Mapping[str, str] = MappingProxyType({})


CHANNEL = {"channel": "channel_number"}
ENABLES = {
    "event_logging": "system_event_logging",
    "event_message_buffer_interrupt": "event_message_buffer_full_interrupt",
}
ACCESS = {
    "access_mode": "ipmi_messaging_access_mode",
    "alerting_disabled": "pef_alerting",
    "per_message_authentication_disabled": "per_message_authentication",
    "user_level_authentication_disabled": "user_level_authentication",
    "privilege_limit": "channel_privilege_level_limit",
}
RIGHTS = {
    "callback_only": "user_restricted_to_callback",
    "link_authentication": "user_link_authentication",
    "ipmi_messaging": "user_ipmi_messaging",
    "privilege_limit": "user_privilege_level_limit",
}
TYPE, STATUS = "authentication_type.", "authentication_status."

NAMES = {
    "GetBmcGlobalEnables": Names("get_bmc_global_enables", {}, ENABLES),
    "SetBmcGlobalEnables": Names("set_bmc_global_enables", ENABLES),
    "ClearMessageFlags": Names(
        "clear_message_flags",
        {
            "receive_message_queue": "clear_receive_message_queue",
            "event_message_buffer": "clear_event_message_buffer",
            "watchdog_pre_timeout": "clear_watchdog_pre_timeout_interrupt_flag",
            "oem_0": "clear_oem_0",
            "oem_1": "clear_oem_1",
            "oem_2": "clear_oem_2",
        },
    ),
    "GetMessageFlags": Names(
        "get_message_flags",
        {},
        {
            "watchdog_pre_timeout": "watchdog_pre_timeout_interrupt_occurred",
            "oem_0": "oem_0_data_available",
            "oem_1": "oem_1_data_available",
            "oem_2": "oem_2_data_available",
        },
    ),
    "EnableMessageChannelReceive": Names(
        "enable_message_channel_receive",
        CHANNEL | {"state": "channel_operation"},
        CHANNEL | {"enabled": "channel_state"},
    ),
    "GetMessage": Names(
        "get_message", {}, CHANNEL | {"inferred_privilege": "inferred_privilege_level", "message": "message_data"}
    ),
    "SendMessage": Names(
        "send_message",
        CHANNEL
        | {
            "authenticated": "send_message_with_authentication",
            "encrypted": "send_message_with_encryption",
            "tracking": "tracking_operation",
            "message": "message_data",
        },
        {"message": "response_data"},
    ),
    "ReadEventMessageBuffer": Names("read_event_message_buffer", {}, {"record": "message_data"}),
    "GetBtInterfaceCapabilities": Names(
        "get_bt_interface_capabilities",
        {},
        {
            "outstanding_requests": "number_of_outstanding_requests_supported",
            "input_size": "input_buffer_size",
            "output_size": "output_buffer_size",
            "response_time": "bmc_request_to_response_time",
            "retries": "recommended_retries",
        },
    ),
    "GetSystemInterfaceCapabilities": Names(
        "get_system_interface_capabilities",
        {"interface": "system_interface"},
        {
            "version": "ssif_version",
            "pec": "pec_support",
            "transactions": "transaction_support",
            "input_size": "input_message_size",
            "output_size": "output_message_size",
        },
    ),
    "MasterWriteRead": Names("master_write_read", CHANNEL | {"address": "slave_address", "count": "read_count"}),
    "GetSystemGuid": Names("get_system_guid"),
    "GetSystemInfo": Names(
        "get_system_info_parameters",
        {"revision_only": "get_parameter", "parameter": "parameter_selector"},
        {"revision": "parameter_revision", "data": "configuration_parameter_data"},
    ),
    "SetSystemInfo": Names(
        "set_system_info_parameters", {"parameter": "parameter_selector", "data": "configuration_parameter_data"}
    ),
    "GetChannelAuthenticationCapabilities": Names(
        "get_channel_authentication_capabilities",
        CHANNEL | {"extended": "get_ipmi_v2.0_extended_data", "privilege": "maximum_privilege_level"},
        CHANNEL
        | {
            "extended": TYPE + "ipmi_v2.0_extended_capabilities_available",
            "oem": TYPE + "oem_prop",
            "straight": TYPE + "straight_password_key",
            "md5": TYPE + "md5",
            "md2": TYPE + "md2",
            "none": TYPE + "none",
            "kg": STATUS + "k_g",
            "per_message_authentication_disabled": STATUS + "per_message_authentication",
            "user_level_authentication_disabled": STATUS + "user_level_authentication",
            "named_users": STATUS + "non_null_username",
            "null_users": STATUS + "null_username",
            "anonymous_login": STATUS + "anonymous_login",
            "ipmi20_connections": "channel_supports_ipmi_v2.0_connections",
            "ipmi15_connections": "channel_supports_ipmi_v1.5_connections",
            "oem_maker": "oem_id",
            "oem_auxiliary": "oem_auxiliary_data",
        },
    ),
    "GetChannelCipherSuites": Names(
        "get_channel_cipher_suites",
        CHANNEL | {"list_suites": "list_algorithm_type", "index": "list_index"},
        CHANNEL | {"data": "cipher_suite_record_data"},
    ),
    "GetSessionChallenge": Names(
        "get_session_challenge",
        {"authentication": "authentication_type"},
        {"session_id": "temp_session_id", "challenge": "challenge_string"},
    ),
    "ActivateSession": Names(
        "activate_session",
        {
            "authentication": "authentication_type",
            "privilege": "maximum_privilege_level",
            "challenge": "challenge_string",
            "outbound_sequence": "initial_outbound_sequence_number",
        },
        {
            "authentication": "authentication_type",
            "privilege": "maximum_privilege_level",
            "inbound_sequence": "initial_inbound_sequence_number",
        },
    ),
    "SetSessionPrivilegeLevel": Names(
        "set_session_privilege_level", {"privilege": "privilege_level"}, {"privilege": "privilege_level"}
    ),
    "CloseSession": Names("close_session"),
    "SetChannelAccess": Names(
        "set_channel_access",
        CHANNEL
        | ACCESS
        | {"change_access": "channel_access_set", "change_privilege": "channel_privilege_level_limit_set"},
    ),
    "GetChannelAccess": Names("get_channel_access", CHANNEL | {"copy": "channel_access_get"}, ACCESS),
    "GetChannelInfo": Names(
        "get_channel_info",
        CHANNEL,
        {
            "channel": "actual_channel_number",
            "medium": "channel_medium_type",
            "protocol": "channel_protocol_type",
            "active_sessions": "active_session_count",
            "vendor": "vendor_id",
            "auxiliary": "auxiliary_channel_info",
        },
    ),
    "SetChannelSecurityKeys": Names(
        "set_channel_security_keys", CHANNEL | {"key": "key_value"}, {"lock": "lock_status", "key": "key_value"}
    ),
    "SetUserAccess": Names(
        "set_user_access",
        CHANNEL | RIGHTS | {"change_rights": "change_bits_in_byte", "session_limit": "user_session_limit"},
    ),
    "GetUserAccess": Names(
        "get_user_access",
        CHANNEL,
        RIGHTS
        | {
            "most_users": "max_channel_user_ids",
            "enabled_users": "current_channel_user_ids",
            "enable_status": "user_id_enable_status",
            "fixed_names": "current_channel_fixed_names",
        },
    ),
    "SetUserName": Names("set_user_name"),
    "GetUserName": Names("get_user_name"),
    "SetUserPassword": Names("set_user_password", {"long": "password_size"}),
}
