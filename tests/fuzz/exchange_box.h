/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_EXCHANGE_BOX_H
#define FUZZ_EXCHANGE_BOX_H

/*
 * What both sides of the seeds have: the process, and who may sign and accept.
 * The keys of these certificates were thrown away.
 */
#define CA_PEM                                                                 \
	"-----BEGIN CERTIFICATE-----\n"                                        \
	"MIIBizCCATGgAwIBAgIUQdZW5+3VNmPNMaJmxavbC6xU2twwCgYIKoZIzj0EAwIw\n"   \
	"EjEQMA4GA1UEAwwHRnV6eiBDQTAgFw0yNjExMjIwOTMxMDBaGA8yMDU2MTExNDA5\n"   \
	"MzEwMFowEjEQMA4GA1UEAwwHRnV6eiBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"   \
	"A0IABH/En3sCu5BmBC1xQ6tOYez5LxStSYhzfUv08Vmx9z1bvbFGNKqIt2twV65/\n"   \
	"+ZiSgN01wk8VMjFLT6fqvuSvwdKjYzBhMB0GA1UdDgQWBBSpkckq0bc40y/sbVnz\n"   \
	"rDZVz4B7rDAfBgNVHSMEGDAWgBSpkckq0bc40y/sbVnzrDZVz4B7rDAPBgNVHRMB\n"   \
	"Af8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQDAgNIADBFAiEA23ES\n"   \
	"byljOALOQggqKapr/kM3F67oNt4Ycw2ACYiiK1ACIEWbh5oJl8KERGk9RzepeCIi\n"   \
	"Fed7gWEYwsfMAopMCB/Y\n"                                               \
	"-----END CERTIFICATE-----\n"

#define ALICE_PEM                                                              \
	"-----BEGIN CERTIFICATE-----\n"                                        \
	"MIIBnDCCAUGgAwIBAgIUM5NYktgZsMGwasYdHq7gsWbOtcwwCgYIKoZIzj0EAwIw\n"   \
	"EjEQMA4GA1UEAwwHRnV6eiBDQTAgFw0yNjExMjIwOTMxNTJaGA8yMDU2MTExNDA5\n"   \
	"MzE1MlowEDEOMAwGA1UEAwwFYWxpY2UwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"   \
	"AATQNuVK5eKhWG35smVrCAyqSxFNFoioc1lKLcfiJ05FywX5VTh4bKN8cJTyQ5Oe\n"   \
	"n/Uete9Q/TVtWNobmytrxfw6o3UwczAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQE\n"   \
	"AwIHgDAdBgNVHQ4EFgQUxL12x0WIw38WDR9XOmSskBsbIqwwHwYDVR0jBBgwFoAU\n"   \
	"qZHJKtG3ONMv7G1Z86w2Vc+Ae6wwEwYDVR0lBAwwCgYIKwYBBQUHAwMwCgYIKoZI\n"   \
	"zj0EAwIDSQAwRgIhAOsS14BTh8Y9alnB8BmFIoRVcbRpRQI4++g3JGcauaF0AiEA\n"   \
	"4De1TunzmbYMUVvhwht+PQkn76k1lo8HMUfuWUhVZSg=\n"                       \
	"-----END CERTIFICATE-----\n"

#define BOB_PEM                                                                \
	"-----BEGIN CERTIFICATE-----\n"                                        \
	"MIIBmjCCAT+gAwIBAgIUM5NYktgZsMGwasYdHq7gsWbOtc0wCgYIKoZIzj0EAwIw\n"   \
	"EjEQMA4GA1UEAwwHRnV6eiBDQTAgFw0yNjExMjIwOTMxNTJaGA8yMDU2MTExNDA5\n"   \
	"MzE1MlowDjEMMAoGA1UEAwwDYm9iMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"   \
	"5RXebqp+amy9q4UqFVrqqIRix0netpzdtDfSTsjmOLt320jeYVb9X4A1QG82//tS\n"   \
	"SZrk/+NIdZnpDEwVOUJYz6N1MHMwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMC\n"   \
	"B4AwHQYDVR0OBBYEFBZOTesA+2kO9r/vMo6XmxGzXJX6MB8GA1UdIwQYMBaAFKmR\n"   \
	"ySrRtzjTL+xtWfOsNlXPgHusMBMGA1UdJQQMMAoGCCsGAQUFBwMDMAoGCCqGSM49\n"   \
	"BAMCA0kAMEYCIQD6M+tELpQJADvlJATf3iuV4b+v5A8G8Gwd7mN7wO2SkgIhAKaT\n"   \
	"0PTait6LlWuVzxzXuN9+2cHikOI+A1z8WLaGsdsR\n"                           \
	"-----END CERTIFICATE-----\n"

#define PROCESS_YAML                                                           \
	"packline: 1\n"                                                        \
	"process:\n"                                                           \
	"  id: 7\n"                                                            \
	"  name: fuzz\n"                                                       \
	"  tenant: acme\n"                                                     \
	"  action: sign\n"                                                     \
	"  form: cms-detached\n"                                               \
	"  names: '[a-z0-9.-]+'\n"                                             \
	"  trust: ca.pem\n"                                                    \
	"  approvalPolicy: release.yaml\n"                                     \
	"  maxDocuments: 100\n"                                                \
	"  maxBytes: 100000\n"

#define RELEASE_YAML                                                           \
	"packline: 1\n"                                                        \
	"approvals:\n"                                                         \
	"  required: 2\n"                                                      \
	"  officers:\n"                                                        \
	"    - {id: alice, cert: alice.pem, role: any}\n"                      \
	"    - {id: bob, cert: bob.pem, role: any}\n"

/* When b1 of the corpus was created, and what its request.json is. */
#define EXCHANGE_CREATED 1795339938
#define EXCHANGE_REQUEST_SHA256                                                \
	"49b0a1530eddee161ee4421b8335d1804f574db0abe1dc2940433d3a325b08c0"
/* When they are read: certificates last until 2056, approvals until 2035. */
#define EXCHANGE_NOW 1800000000

#endif
