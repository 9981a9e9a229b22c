/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_CRYPTOKI_H
#define SIGN_CRYPTOKI_H

/*
 * As much of the interface of PKCS#11 modules (OASIS PKCS #11 Cryptographic
 * Token Interface Base Specification 2.40) as it takes to find a key and to
 * log in.  Signing and decrypting is left to OpenSSL's engine or provider.
 * Layout: the Unix rules, natural alignment.
 */

typedef unsigned long ck_ulong;

struct ck_version {
	unsigned char major, minor;
};

/* CK_TOKEN_INFO; texts are padded with blanks, without NUL. */
struct ck_token_info {
	unsigned char label[32], manufacturer[32], model[16], serial[16];
	ck_ulong flags;
	ck_ulong max_sessions, sessions, max_rw_sessions, rw_sessions;
	ck_ulong max_pin, min_pin;
	ck_ulong total_public, free_public, total_private, free_private;
	struct ck_version hardware, firmware;
	unsigned char utc_time[16];
};

/* CK_SESSION_INFO */
struct ck_session_info {
	ck_ulong slot, state, flags, device_error;
};

/* CK_ATTRIBUTE */
struct ck_attribute {
	ck_ulong type;
	void *value;
	ck_ulong len; /* bytes; CK_NO_VALUE = there is none, or it is secret */
};

/* CK_C_INITIALIZE_ARGS */
struct ck_init_args {
	void *create_mutex, *destroy_mutex, *lock_mutex, *unlock_mutex;
	ck_ulong flags;
	void *reserved;
};

/* CK_FUNCTION_LIST up to the last function that is called here. */
struct ck_functions {
	struct ck_version version;
	ck_ulong (*initialize)(struct ck_init_args *args);
	ck_ulong (*finalize)(void *reserved);
	void (*not_called_1[2])(void); /* C_GetInfo, C_GetFunctionList */
	ck_ulong (*get_slot_list)(unsigned char token_present, ck_ulong *slots,
				  ck_ulong *count);
	void (*not_called_2)(void); /* C_GetSlotInfo */
	ck_ulong (*get_token_info)(ck_ulong slot, struct ck_token_info *info);
	/* C_GetMechanismList, C_GetMechanismInfo, C_InitToken, C_InitPIN,
	   C_SetPIN */
	void (*not_called_3[5])(void);
	ck_ulong (*open_session)(ck_ulong slot, ck_ulong flags, void *context,
				 void *notify, ck_ulong *session);
	ck_ulong (*close_session)(ck_ulong session);
	void (*not_called_4)(void); /* C_CloseAllSessions */
	ck_ulong (*get_session_info)(ck_ulong session,
				     struct ck_session_info *info);
	void (*not_called_5[2])(void); /* C_Get-, C_SetOperationState */
	ck_ulong (*login)(ck_ulong session, ck_ulong user, unsigned char *pin,
			  ck_ulong len);
	ck_ulong (*logout)(ck_ulong session);
	/* C_CreateObject, C_CopyObject, C_DestroyObject, C_GetObjectSize */
	void (*not_called_6[4])(void);
	ck_ulong (*get_attribute_value)(ck_ulong session, ck_ulong object,
					struct ck_attribute *attributes,
					ck_ulong count);
	void (*not_called_7)(void); /* C_SetAttributeValue */
	ck_ulong (*find_objects_init)(ck_ulong session,
				      struct ck_attribute *attributes,
				      ck_ulong count);
	ck_ulong (*find_objects)(ck_ulong session, ck_ulong *objects,
				 ck_ulong max, ck_ulong *count);
	ck_ulong (*find_objects_final)(ck_ulong session);
};

#define CK_NO_VALUE (~0UL)

/* Flags of C_Initialize and C_OpenSession, of a token, and states. */
#define CKF_OS_LOCKING_OK                 0x2UL
#define CKF_SERIAL_SESSION                0x4UL
#define CKF_LOGIN_REQUIRED                0x4UL
#define CKF_USER_PIN_INITIALIZED          0x8UL
#define CKF_PROTECTED_AUTHENTICATION_PATH 0x100UL
#define CKF_TOKEN_INITIALIZED             0x400UL
#define CKF_USER_PIN_FINAL_TRY            0x20000UL
#define CKF_USER_PIN_LOCKED               0x40000UL
#define CKS_RO_USER_FUNCTIONS             1UL
#define CKS_RW_USER_FUNCTIONS             3UL
#define CKU_USER                          1UL

/* Objects and their attributes. */
#define CKO_CERTIFICATE         1UL
#define CKO_PUBLIC_KEY          2UL
#define CKO_PRIVATE_KEY         3UL
#define CKK_RSA                 0UL
#define CKK_EC                  3UL
#define CKK_EC_EDWARDS          0x40UL
#define CKA_CLASS               0UL
#define CKA_LABEL               3UL
#define CKA_VALUE               0x11UL
#define CKA_KEY_TYPE            0x100UL
#define CKA_ID                  0x102UL
#define CKA_DECRYPT             0x105UL
#define CKA_SIGN                0x108UL
#define CKA_DERIVE              0x10CUL
#define CKA_ALWAYS_AUTHENTICATE 0x202UL

/* What a function returns. */
#define CKR_OK                           0UL
#define CKR_HOST_MEMORY                  2UL
#define CKR_DEVICE_ERROR                 0x30UL
#define CKR_DEVICE_MEMORY                0x31UL
#define CKR_DEVICE_REMOVED               0x32UL
#define CKR_FUNCTION_CANCELED            0x50UL
#define CKR_PIN_INCORRECT                0xA0UL
#define CKR_PIN_INVALID                  0xA1UL
#define CKR_PIN_LEN_RANGE                0xA2UL
#define CKR_PIN_EXPIRED                  0xA3UL
#define CKR_PIN_LOCKED                   0xA4UL
#define CKR_SESSION_COUNT                0xB1UL
#define CKR_TOKEN_NOT_PRESENT            0xE0UL
#define CKR_TOKEN_NOT_RECOGNIZED         0xE1UL
#define CKR_USER_ALREADY_LOGGED_IN       0x100UL
#define CKR_USER_PIN_NOT_INITIALIZED     0x102UL
#define CKR_CRYPTOKI_ALREADY_INITIALIZED 0x191UL

#endif
