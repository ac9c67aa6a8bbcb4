package cloudtrail

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// keepDays is how long log files are to be kept where nobody says so: a year, as PCI DSS and the CIS controls ask.
const keepDays = 365

// NewProtectLogBucket returns the action cloudtrail.protect-log-bucket.
func NewProtectLogBucket(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[bucketParams, logBucket]{
		Spec: action.Spec{
			Name:  "cloudtrail.protect-log-bucket",
			Title: "Protect the bucket of a trail",
			Description: "Protects the bucket that a trail delivers to: blocks public access to it whole, and disables each lifecycle rule that deletes " +
				"log files of trails before their time, with what else the rule does. Rules for other folders, for objects with tags and for " +
				"old versions stay as they are. What was deleted is not brought back. The undo puts both back as they were.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "trail": {"type": "string", "minLength": 3, "description": "name or ARN of the trail"},
    "bucket": {"type": "string", "minLength": 3, "maxLength": 63, "description": "name of the bucket, instead of the trail's"},
    "keep_days": {"type": "integer", "minimum": 1, "maximum": 36500, "description": "how long log files are to be kept; 365 if absent"}
  }
}`),
			Permissions: []string{
				"cloudtrail:DescribeTrails", "s3:GetBucketLocation", "s3:GetBucketTagging", "s3:GetBucketPublicAccessBlock",
				"s3:GetLifecycleConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutLifecycleConfiguration",
			},
			Effect: action.StateChecked,
		},
		Find: findLogBucket, Read: readLogBucket, Want: wantProtected, Steps: protectSteps,
		Operations: map[string]setting.Operation{
			"s3:PutPublicAccessBlock":            setting.Op(newS3, (*s3.Client).PutPublicAccessBlock),
			"s3:DeletePublicAccessBlock":         setting.Op(newS3, (*s3.Client).DeletePublicAccessBlock),
			"s3:PutBucketLifecycleConfiguration": setting.Op(newS3, (*s3.Client).PutBucketLifecycleConfiguration),
		},
		Permission: func(operation string) string {
			if strings.HasSuffix(operation, "PublicAccessBlock") {
				return "s3:PutBucketPublicAccessBlock"
			}
			return "s3:PutLifecycleConfiguration"
		},
	})
}

func wantProtected(_ action.Resource, p bucketParams, now logBucket) (logBucket, string, error) {
	want, why := now, []string{}
	all := publicBlock{true, true, true, true}
	if now.Block == nil || *now.Block != all {
		want.Block = &all
		why = append(why, "Nothing keeps it from becoming public.")
	}
	want.Rules = slices.Clone(now.Rules)
	for i, rule := range now.Rules {
		if rule["Status"] != "Enabled" || !covers(rule, now.folders) {
			continue
		}
		if when := expires(rule, cmp.Or(p.KeepDays, keepDays)); when != "" {
			off := maps.Clone(rule)
			off["Status"] = "Disabled"
			want.Rules[i] = off
			why = append(why, fmt.Sprintf("Its lifecycle rule %q deletes log files %s.", rule["ID"], when))
		}
	}
	if len(why) == 0 {
		return now, "Nobody can make it public, and no lifecycle rule deletes log files too early.", nil
	}
	return want, strings.Join(why, " "), nil
}

// expires says when the rule deletes what it covers, if that is before the time; else "". A rule with a date deletes everything, from
// that day on.
func expires(rule map[string]any, keep int) string {
	e, _ := rule["Expiration"].(map[string]any)
	if date, ok := e["Date"].(string); ok {
		return "from " + date + " on"
	}
	switch days, _ := e["Days"].(float64); {
	case days < 1 || int(days) >= keep:
		return ""
	case days == 1:
		return "after a day"
	default:
		return fmt.Sprintf("after %d days", int(days))
	}
}

// covers reports whether the rule may be about log files of trails, which have no tags. Without folders any prefix may be that of a trail.
func covers(rule map[string]any, folders []string) bool {
	prefix, _ := rule["Prefix"].(string)
	for filter, _ := rule["Filter"].(map[string]any); filter != nil; filter, _ = filter["And"].(map[string]any) {
		if tags, _ := filter["Tags"].([]any); filter["Tag"] != nil || len(tags) > 0 {
			return false
		}
		if p, ok := filter["Prefix"].(string); ok {
			prefix = p
		}
	}
	return len(folders) == 0 || slices.ContainsFunc(folders, func(folder string) bool {
		below, within := strings.CutPrefix(prefix, folder)
		return strings.HasPrefix(folder, prefix) || within && ofTrail(below)
	})
}

// ofTrail reports whether log files or digests of a trail may lie below AWSLogs/ and the prefix: in
// [o-ID/]ACCOUNT/CloudTrail, where other services have folders of their own
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html).
func ofTrail(prefix string) bool {
	parts := strings.Split(prefix, "/")
	if strings.HasPrefix(parts[0], "o-") {
		parts = parts[1:]
	}
	if len(parts) < 2 {
		return true
	}
	return strings.HasPrefix("CloudTrail", parts[1]) || strings.HasPrefix(parts[1], "CloudTrail")
}

func protectSteps(r action.Resource, from, to logBucket) ([]setting.Step[logBucket], error) {
	var steps []setting.Step[logBucket]
	add := func(operation string, input map[string]any) {
		input["Bucket"], input["ExpectedBucketOwner"] = r.Name, r.Account
		steps = append(steps, setting.Step[logBucket]{Operation: operation, Input: input, Leaves: from})
	}
	switch same := from.Block == to.Block || from.Block != nil && to.Block != nil && *from.Block == *to.Block; {
	case same:
	case to.Block == nil:
		from.Block = nil
		add("s3:DeletePublicAccessBlock", map[string]any{})
	default:
		from.Block = to.Block
		add("s3:PutPublicAccessBlock", map[string]any{"PublicAccessBlockConfiguration": *to.Block})
	}
	if before, after := mustJSON(from.Rules), mustJSON(to.Rules); !action.SameState(before, after) {
		from.Rules = to.Rules
		input := map[string]any{"LifecycleConfiguration": map[string]any{"Rules": to.Rules}}
		if to.MinimumSize != "" {
			input["TransitionDefaultMinimumObjectSize"] = to.MinimumSize
		}
		add("s3:PutBucketLifecycleConfiguration", input)
	}
	return steps, nil
}

func mustJSON(rules []map[string]any) json.RawMessage {
	raw, err := json.Marshal(rules)
	if err != nil {
		panic("cloudtrail: lifecycle rules are not JSON: " + err.Error()) // they came from JSON
	}
	return raw
}
