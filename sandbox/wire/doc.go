// Package wire speaks AWS's HTTP protocols from AWS's own API models: it tells
// which service and operation a request asks for, decodes the input to maps
// with the model's member names, checks it, and encodes answers and errors.
// It knows nothing of accounts or state.
//
// Start with [LoadCatalog] and [Catalog.Identify]; then [Target.Decode],
// [Target.Encode] and [Target.EncodeError]. The models in models/ are written
// by riposte.dev/sandbox/gen from botocore's service-2.json, restricted to
// operations.txt. The protocols are those of
// https://smithy.io/2.0/aws/protocols/index.html.
package wire
