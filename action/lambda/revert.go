package lambda

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// code is what a function runs.
type code struct {
	Hash     string `json:"code_sha256"` // as Lambda has it, in Base64
	Changing bool   `json:"changing"`    // Lambda still works on the last change

	image  bool
	params codeParams
}

type codeParams struct {
	Function string `json:"function"`
	Hash     string `json:"code_sha256"`
	Bucket   string `json:"s3_bucket"`
	Key      string `json:"s3_key"`
	Version  string `json:"s3_object_version,omitempty"`
}

var codeHash = regexp.MustCompile(`^[A-Za-z0-9+/]{43}=$`)

// takes is for how long it is waited until Lambda has ended an update, in seconds; of a function in a VPC it takes minutes.
const takes = 300

const changing = setting.Escalation("Lambda still works on its last change: look again in a minute.")

// NewRevertCode returns the action lambda.revert-code.
func NewRevertCode(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[codeParams, code]{
		Spec: action.Spec{
			Name:  "lambda.revert-code",
			Title: "Put a function's code back",
			Description: "Has a function run the code again that it had before, from the deployment package in S3. What it runs now is published " +
				"as a version first, so that it is there as evidence. Its configuration, layers and versions stay; aliases that point to a " +
				"version go on running that.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["function", "code_sha256", "s3_bucket", "s3_key"], "properties": {
  "function": {"type": "string", "minLength": 1, "description": "name or ARN of the function, without a version or alias"},
  "code_sha256": {"type": "string", "pattern": "` + codeHash.String() + `", "description": "hash of the code that it had, as Lambda shows it (CodeSha256): what the action ends with"},
  "s3_bucket": {"type": "string", "minLength": 3, "description": "bucket with that code's deployment package, in the function's region"},
  "s3_key": {"type": "string", "minLength": 1, "description": "the package's key"},
  "s3_object_version": {"type": "string", "minLength": 1, "description": "the package's version, where the bucket keeps versions"}}}`),
			Permissions:  append([]string{"lambda:PublishVersion", "lambda:UpdateFunctionCode", "s3:GetObject", "s3:GetObjectVersion"}, findPermissions...),
			Effect:       action.StateChecked,
			Evidence:     action.EventEvidence,
			TakesSeconds: takes,
			Irreversible: "the code that was replaced is published as a version: point an alias to that, or deploy it anew, where it was right",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p codeParams) ([]action.Resource, error) {
			if !codeHash.MatchString(p.Hash) || p.Bucket == "" || p.Key == "" {
				return nil, fault.New(fault.Invalid, "the code that the function had is not named whole, by hash, bucket and key").
					WithHint("give function, s3_bucket, s3_key, and code_sha256 as Lambda shows it: 44 characters of Base64")
			}
			return findFunction(ctx, cfg, req, functionParams{p.Function})
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (code, error) {
			out, err := readFunction(ctx, cfg, r)
			if err != nil {
				return code{}, err
			}
			return code{
				Hash: aws.ToString(out.CodeSha256), Changing: out.LastUpdateStatus == types.LastUpdateStatusInProgress,
				image: out.PackageType == types.PackageTypeImage,
			}, nil
		},
		Want: func(_ action.Resource, p codeParams, now code) (code, string, error) {
			switch {
			case now.Hash == p.Hash:
				return now, "It runs that code already.", nil
			case now.image:
				return now, "", setting.Escalation("It runs a container image: deploy the one that it had, by its digest.")
			case now.Changing:
				return now, "", changing
			}
			return code{Hash: p.Hash, params: p}, "It runs other code, " + now.Hash + ".", nil
		},
		Steps: func(r action.Resource, from, to code) ([]setting.Step[code], error) {
			put := map[string]any{"FunctionName": r.ARN, "S3Bucket": to.params.Bucket, "S3Key": to.params.Key}
			if to.params.Version != "" {
				put["S3ObjectVersion"] = to.params.Version
			}
			keep := map[string]any{"FunctionName": r.ARN, "CodeSha256": from.Hash, "Description": "kept by riposte before its code was put back"}
			return []setting.Step[code]{
				{Operation: "PublishVersion", Input: keep, Leaves: from},
				{Operation: "UpdateFunctionCode", Input: put, Leaves: to},
			}, nil
		},
		Operations: map[string]setting.Operation{
			"PublishVersion":     setting.Op(lambda.NewFromConfig, (*lambda.Client).PublishVersion),
			"UpdateFunctionCode": setting.Op(lambda.NewFromConfig, (*lambda.Client).UpdateFunctionCode),
		},
	})
}

func readFunction(ctx context.Context, cfg aws.Config, r action.Resource) (*lambda.GetFunctionConfigurationOutput, error) {
	out, err := lambda.NewFromConfig(cfg).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &r.ARN})
	if err != nil {
		return nil, missing(err, "lambda:GetFunctionConfiguration", r.Name)
	}
	return out, nil
}

// layers are what a function's code finds beside it, in their order.
type layers struct {
	Layers   []string `json:"layers"`
	Changing bool     `json:"changing"`
}

type layerParams struct {
	Function string    `json:"function"`
	Layers   *[]string `json:"layers"`
}

var layerARN = regexp.MustCompile(`^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$`)

// NewRevertLayers returns the action lambda.revert-layers.
func NewRevertLayers(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[layerParams, layers]{
		Spec: action.Spec{
			Name:  "lambda.revert-layers",
			Title: "Put a function's layers back",
			Description: "Gives a function the layers again that it had before; a layer's code runs with the function's rights. Its own code and the " +
				"rest of its configuration stay. Versions that were published meanwhile keep the layers that they have.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["function", "layers"], "properties": {
  "function": {"type": "string", "minLength": 1, "description": "name or ARN of the function, without a version or alias"},
  "layers": {"type": "array", "maxItems": 5, "uniqueItems": true, "items": {"type": "string", "pattern": "` + strings.ReplaceAll(layerARN.String(), `\`, `\\`) + `"},
    "description": "ARNs of the layers' versions that it had, in their order; none: []"}}}`),
			Permissions:  append([]string{"lambda:GetLayerVersion", "lambda:UpdateFunctionConfiguration"}, findPermissions...),
			Effect:       action.StateChecked,
			Evidence:     action.EventEvidence,
			TakesSeconds: takes,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p layerParams) ([]action.Resource, error) {
			if p.Layers == nil || slices.ContainsFunc(*p.Layers, func(l string) bool { return !layerARN.MatchString(l) }) {
				return nil, fault.New(fault.Invalid, "the layers are missing, or one of them is no ARN of a layer's version").
					WithHint(`give {"function": "resize-images", "layers": ["arn:aws:lambda:%s:%s:layer:imaging:3"]}, or [] for none`, req.Region, req.Account)
			}
			return findFunction(ctx, cfg, req, functionParams{p.Function})
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (layers, error) {
			out, err := readFunction(ctx, cfg, r)
			if err != nil {
				return layers{}, err
			}
			now := layers{Layers: []string{}, Changing: out.LastUpdateStatus == types.LastUpdateStatusInProgress}
			for _, l := range out.Layers {
				now.Layers = append(now.Layers, aws.ToString(l.Arn))
			}
			return now, nil
		},
		Want: func(_ action.Resource, p layerParams, now layers) (layers, string, error) {
			switch {
			case slices.Equal(now.Layers, *p.Layers):
				return now, "It has these layers already.", nil
			case now.Changing:
				return now, "", changing
			}
			why := "It has no layers."
			if len(now.Layers) > 0 {
				why = "It has other layers: " + strings.Join(now.Layers, ", ") + "."
			}
			return layers{Layers: append([]string{}, *p.Layers...)}, why, nil
		},
		Steps: func(r action.Resource, _, to layers) ([]setting.Step[layers], error) {
			input := map[string]any{"FunctionName": r.ARN, "Layers": to.Layers}
			return []setting.Step[layers]{{Operation: "UpdateFunctionConfiguration", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"UpdateFunctionConfiguration": setting.Op(lambda.NewFromConfig, (*lambda.Client).UpdateFunctionConfiguration),
		},
	})
}
