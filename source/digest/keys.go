package digest

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/action/awscall"
)

// publicKeys are those with which CloudTrail signed in a region and time, by fingerprint. Every region has its own.
func (v *verifier) publicKeys(ctx context.Context, region string, from, to time.Time) (map[string][]byte, error) {
	client := cloudtrail.NewFromConfig(v.Config(region))
	in := &cloudtrail.ListPublicKeysInput{StartTime: &from, EndTime: &to}
	keys := map[string][]byte{}
	for {
		out, err := client.ListPublicKeys(ctx, in)
		if err != nil {
			return nil, awscall.Fault(err, "cloudtrail:ListPublicKeys", "get CloudTrail's public keys in %s", region)
		}
		for _, k := range out.PublicKeyList {
			keys[aws.ToString(k.Fingerprint)] = k.Value
		}
		if aws.ToString(out.NextToken) == "" {
			return keys, nil
		}
		in.NextToken = out.NextToken
	}
}
