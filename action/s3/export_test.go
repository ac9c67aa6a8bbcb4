package s3

import "github.com/aws/aws-sdk-go-v2/service/s3control"

// AtSandbox lets a client of S3's accounts reach a sandbox at an address.
func AtSandbox(o *s3control.Options) {
	o.EndpointResolverV2 = resolver{s3control.NewDefaultEndpointResolverV2()}
}
