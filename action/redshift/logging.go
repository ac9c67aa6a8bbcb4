package redshift

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshift/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

type loggingParams struct {
	Cluster string `json:"cluster"`
	Bucket  string `json:"bucket,omitempty"`
	Prefix  string `json:"prefix,omitempty"`
}

// logging is where the audit logs of a cluster go.
type logging struct {
	Enabled     bool     `json:"enabled"`
	Destination string   `json:"destination,omitempty"` // s3, cloudwatch
	Bucket      string   `json:"bucket,omitempty"`
	Prefix      string   `json:"prefix,omitempty"`
	Exports     []string `json:"exports,omitempty"` // to CloudWatch, sorted
}

// exports are all logs that Redshift has.
var exports = []string{"connectionlog", "useractivitylog", "userlog"}

// NewEnableLogging returns the action redshift.enable-audit-logging.
func NewEnableLogging(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[loggingParams, logging]{
		Spec: action.Spec{
			Name:  "redshift.enable-audit-logging",
			Title: "Log who uses a cluster",
			Description: "Has a cluster log who connects, what becomes of its users, and what they run: to CloudWatch Logs, or to a bucket where one is named, whose " +
				"policy must let Redshift write. Queries are logged only where the cluster's parameter `enable_user_activity_logging` is true. The cluster goes " +
				"on. A cluster that logs somewhere already is left as it is.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster"], "properties": {
  ` + clusterProperty + `,
  "bucket": {"type": "string", "minLength": 3, "description": "bucket for the logs, in the cluster's region; CloudWatch Logs without this"},
  "prefix": {"type": "string", "description": "begin of the logs' names in the bucket"}}}`),
			Permissions: []string{"redshift:DescribeClusters", "redshift:DescribeLoggingStatus", "redshift:EnableLogging", "redshift:DisableLogging"},
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p loggingParams) ([]action.Resource, error) {
			return findCluster(ctx, cfg, req, clusterParams{p.Cluster})
		},
		Leave: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			c, err := describe(ctx, cfg, r.Name)
			if err != nil {
				return "", err
			}
			return unsettled(aws.ToString(c.ClusterStatus)), nil
		},
		Read: readLogging,
		Want: func(_ action.Resource, p loggingParams, now logging) (logging, string, error) {
			switch {
			case now.Enabled:
				return now, "It logs who uses it already.", nil
			case p.Bucket != "":
				return logging{Enabled: true, Destination: "s3", Bucket: p.Bucket, Prefix: p.Prefix}, "Nobody sees who uses it.", nil
			}
			return logging{Enabled: true, Destination: "cloudwatch", Exports: exports}, "Nobody sees who uses it.", nil
		},
		Steps: func(r action.Resource, _, to logging) ([]setting.Step[logging], error) {
			input, operation := map[string]any{"ClusterIdentifier": r.Name}, "DisableLogging"
			if to.Enabled {
				operation = "EnableLogging"
				for member, value := range map[string]string{"LogDestinationType": to.Destination, "BucketName": to.Bucket, "S3KeyPrefix": to.Prefix} {
					if value != "" {
						input[member] = value
					}
				}
				if len(to.Exports) > 0 {
					input["LogExports"] = to.Exports
				}
			}
			return []setting.Step[logging]{{Operation: operation, Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"EnableLogging":  setting.Op(redshift.NewFromConfig, (*redshift.Client).EnableLogging),
			"DisableLogging": setting.Op(redshift.NewFromConfig, (*redshift.Client).DisableLogging),
		},
	})
}

func readLogging(ctx context.Context, cfg aws.Config, r action.Resource) (logging, error) {
	out, err := redshift.NewFromConfig(cfg).DescribeLoggingStatus(ctx, &redshift.DescribeLoggingStatusInput{ClusterIdentifier: &r.Name})
	if err != nil {
		return logging{}, missing(err, "redshift:DescribeLoggingStatus", r.Name)
	}
	if !aws.ToBool(out.LoggingEnabled) {
		return logging{}, nil
	}
	now := logging{Enabled: true, Destination: string(out.LogDestinationType), Bucket: aws.ToString(out.BucketName), Prefix: aws.ToString(out.S3KeyPrefix)}
	if now.Destination == "" {
		now.Destination = string(types.LogDestinationTypeS3) // as before there was CloudWatch
	}
	if len(out.LogExports) > 0 {
		now.Exports = slices.Sorted(slices.Values(out.LogExports))
	}
	return now, nil
}
