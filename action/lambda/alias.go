package lambda

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// pointing is which version an alias stands for.
type pointing struct {
	Version string `json:"version"`

	split bool // a part of the invocations goes to a second version
}

type aliasParams struct {
	Function string `json:"function"`
	Alias    string `json:"alias"`
	Version  string `json:"version"`
}

var (
	aliasName     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	versionNumber = regexp.MustCompile(`^[0-9]{1,10}$`)
)

// NewRevertAlias returns the action lambda.revert-alias.
func NewRevertAlias(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[aliasParams, pointing]{
		Spec: action.Spec{
			Name:  "lambda.revert-alias",
			Title: "Point a function's alias to an earlier version",
			Description: "Has whoever invokes a function by an alias get an earlier published version again, with the code, layers and configuration " +
				"of that. Whoever invokes the function without a version gets what it is now: see `lambda.revert-code`.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["function", "alias", "version"], "properties": {
  "function": {"type": "string", "minLength": 1, "description": "name or ARN of the function, without a version or alias"},
  "alias": {"type": "string", "pattern": "` + aliasName.String() + `", "description": "name of the alias"},
  "version": {"type": "string", "pattern": "` + versionNumber.String() + `", "description": "number of the version that it pointed to before"}}}`),
			Permissions: append([]string{"lambda:GetAlias", "lambda:UpdateAlias"}, findPermissions...),
			Effect:      action.StateChecked,
			Evidence:    action.EventEvidence,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p aliasParams) ([]action.Resource, error) {
			if !aliasName.MatchString(p.Alias) || !versionNumber.MatchString(p.Version) {
				return nil, fault.New(fault.Invalid, "alias %.130q or version %.20q is missing or no such name", p.Alias, p.Version).
					WithHint(`give {"function": "resize-images", "alias": "live", "version": "41"}`)
			}
			found, err := findFunction(ctx, cfg, req, functionParams{p.Function})
			for i := range found {
				found[i].Type, found[i].ARN, found[i].Name = "AWS::Lambda::Alias", found[i].ARN+":"+p.Alias, found[i].Name+":"+p.Alias
			}
			return found, err
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (pointing, error) {
			function, alias := cutAlias(r.ARN)
			out, err := lambda.NewFromConfig(cfg).GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &alias})
			if err != nil {
				return pointing{}, missing(err, "lambda:GetAlias", r.Name)
			}
			return pointing{aws.ToString(out.FunctionVersion), out.RoutingConfig != nil && len(out.RoutingConfig.AdditionalVersionWeights) > 0}, nil
		},
		Want: func(_ action.Resource, p aliasParams, now pointing) (pointing, string, error) {
			switch {
			case now.split:
				return now, "", setting.Escalation("It shares the invocations between two versions: somebody deploys, so ask them before it is changed.")
			case now.Version == p.Version:
				return now, "It points to that version already.", nil
			}
			return pointing{Version: p.Version}, "It points to version " + now.Version + ".", nil
		},
		Steps: func(r action.Resource, _, to pointing) ([]setting.Step[pointing], error) {
			function, alias := cutAlias(r.ARN)
			input := map[string]string{"FunctionName": function, "Name": alias, "FunctionVersion": to.Version}
			return []setting.Step[pointing]{{Operation: "UpdateAlias", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"UpdateAlias": setting.Op(lambda.NewFromConfig, (*lambda.Client).UpdateAlias)},
	})
}

// cutAlias takes the ARN of an alias apart, into that of its function and its name.
func cutAlias(arn string) (function, alias string) {
	for i := len(arn) - 1; i > 0; i-- {
		if arn[i] == ':' {
			return arn[:i], arn[i+1:]
		}
	}
	return arn, ""
}
