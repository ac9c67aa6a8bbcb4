// Package lambda has the actions on AWS Lambda: functions that everybody may invoke, that are
// to run no more, or that somebody changed.
package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// functionParams names a function.
type functionParams struct {
	Function string `json:"function"`
}

const functionSchema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["function"],
  "properties": {"function": {"type": "string", "minLength": 1, "description": "name or ARN of the function, without a version or alias"}}
}`

// findPermissions are what finding a function takes.
var findPermissions = []string{"lambda:GetFunctionConfiguration", "lambda:ListTags"}

// findFunction returns the function with its tags.
func findFunction(ctx context.Context, cfg aws.Config, req action.Request, p functionParams) ([]action.Resource, error) {
	if p.Function == "" {
		return nil, fault.New(fault.Invalid, "no function is named").WithHint(`give {"function": "resize-images"}`)
	}
	client := lambda.NewFromConfig(cfg)
	out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &p.Function})
	if err != nil {
		return nil, missing(err, "lambda:GetFunctionConfiguration", p.Function)
	}
	tags, err := client.ListTags(ctx, &lambda.ListTagsInput{Resource: out.FunctionArn})
	if err != nil {
		return nil, missing(err, "lambda:ListTags", p.Function)
	}
	return []action.Resource{{
		Type: "AWS::Lambda::Function", ARN: aws.ToString(out.FunctionArn), Name: aws.ToString(out.FunctionName),
		Account: req.Account, Region: req.Region, Tags: tags.Tags,
	}}, nil
}

func missing(err error, permission, name string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the function %s", name),
		"there is no function "+name, "it was deleted, or it is in another region")
}
