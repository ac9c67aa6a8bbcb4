package ec2

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// metadata is how an instance reaches its metadata, and the credentials in it
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html).
type metadata struct {
	Tokens   types.HttpTokensState               `json:"http_tokens"`
	Endpoint types.InstanceMetadataEndpointState `json:"http_endpoint"`
}

// NewRequireIMDSv2 returns the action ec2.require-imdsv2.
func NewRequireIMDSv2(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, metadata]{
		Spec: action.Spec{
			Name:  "ec2.require-imdsv2",
			Title: "Require IMDSv2 of an instance",
			Description: "Has the instance's metadata service answer only requests with a session token, so that a request that an attacker makes " +
				"an application send (SSRF) gets no credentials. Software that speaks IMDSv1 only loses its credentials: see the metric MetadataNoToken.",
			Parameters:  json.RawMessage(idSchema("instance_id", "i", "instance")),
			Permissions: []string{"ec2:DescribeInstances", "ec2:ModifyInstanceMetadataOptions"},
			Effect:      action.StateChecked,
		},
		Find: findInstance,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (metadata, error) {
			i, err := describeInstance(ctx, cfg, r.Name)
			if err != nil || i.MetadataOptions == nil || ended(i) {
				return metadata{}, err
			}
			return metadata{i.MetadataOptions.HttpTokens, i.MetadataOptions.HttpEndpoint}, nil
		},
		Want: func(_ action.Resource, _ instanceParams, now metadata) (metadata, string, error) {
			switch {
			case now == metadata{}:
				return now, "It is terminated.", nil
			case now.Endpoint == types.InstanceMetadataEndpointStateDisabled:
				return now, "Its metadata service is off.", nil
			case now.Tokens == types.HttpTokensStateRequired:
				return now, "It requires session tokens already.", nil
			}
			return metadata{types.HttpTokensStateRequired, now.Endpoint}, "Its metadata service answers requests without a session token (IMDSv1).", nil
		},
		Steps: func(r action.Resource, _, to metadata) ([]setting.Step[metadata], error) {
			return []setting.Step[metadata]{{
				Operation: "ModifyInstanceMetadataOptions", Input: map[string]any{"InstanceId": r.Name, "HttpTokens": to.Tokens}, Leaves: to,
			}}, nil
		},
		Operations: map[string]setting.Operation{
			"ModifyInstanceMetadataOptions": setting.Op(ec2.NewFromConfig, (*ec2.Client).ModifyInstanceMetadataOptions),
		},
	})
}
