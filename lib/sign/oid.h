/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_OID_H
#define SIGN_OID_H

#include "sign/der.h"

/* The object identifiers of suite packline-1, as in DER. */
#define OID_(...)                                                              \
	{                                                                      \
		sizeof((uint8_t[]){__VA_ARGS__}),                              \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}
#define PKCS_(...)      OID_(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, __VA_ARGS__)
#define NIST_HASH_(n)   OID_(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n)
#define NIST_CIPHER_(n) OID_(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, n)

/* clang-format off */
#define OID_DATA            PKCS_(0x07, 0x01) /* RFC 5652 section 4 */
#define OID_SIGNED_DATA     PKCS_(0x07, 0x02) /* section 5.1 */
#define OID_ENVELOPED_DATA  PKCS_(0x07, 0x03) /* section 6.1 */
#define OID_CONTENT_TYPE    PKCS_(0x09, 0x03) /* section 11.1 */
#define OID_MESSAGE_DIGEST  PKCS_(0x09, 0x04) /* section 11.2 */
#define OID_SIGNING_TIME    PKCS_(0x09, 0x05) /* section 11.3 */
#define OID_PROTECTION      PKCS_(0x09, 0x34) /* RFC 6211 */
#define OID_SIGNING_CERT    PKCS_(0x09, 0x10, 0x02, 0x0c) /* RFC 2634 */
#define OID_SIGNING_CERT_V2 PKCS_(0x09, 0x10, 0x02, 0x2f) /* RFC 5035 */
#define OID_TST_INFO        PKCS_(0x09, 0x10, 0x01, 0x04) /* RFC 3161 */
#define OID_TIME_STAMP      PKCS_(0x09, 0x10, 0x02, 0x0e) /* RFC 3161 */
#define OID_RSA             PKCS_(0x01, 0x01) /* RFC 8017 */
#define OID_RSA_OAEP        PKCS_(0x01, 0x07)
#define OID_MGF1            PKCS_(0x01, 0x08)
#define OID_RSA_PSS         PKCS_(0x01, 0x0a)
#define OID_RSA_SHA256      PKCS_(0x01, 0x0b)
#define OID_RSA_SHA384      PKCS_(0x01, 0x0c)
#define OID_RSA_SHA512      PKCS_(0x01, 0x0d)
#define OID_SHA256          NIST_HASH_(0x01) /* RFC 5754 */
#define OID_SHA384          NIST_HASH_(0x02)
#define OID_SHA512          NIST_HASH_(0x03)
#define OID_AES256_CBC      NIST_CIPHER_(0x2a) /* RFC 3565 */
#define OID_AES256_WRAP     NIST_CIPHER_(0x2d)
#define OID_EC_KEY          OID_(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)
#define OID_ECDSA_SHA256    OID_(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)
#define OID_ECDSA_SHA384    OID_(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03)
#define OID_ECDSA_SHA512    OID_(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04)
#define OID_P256            OID_(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)
#define OID_P384            OID_(0x2b, 0x81, 0x04, 0x00, 0x22)
#define OID_ECDH_SHA256     OID_(0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01) /* RFC 5753 */
#define OID_ECDH_SHA384     OID_(0x2b, 0x81, 0x04, 0x01, 0x0b, 0x02)
/* clang-format on */

#endif
