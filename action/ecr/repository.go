// Package ecr has the actions on Amazon ECR: repositories whose images nobody looks through, whose tags may be moved to other
// images, or that everybody may use.
package ecr

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// repositoryParams name a repository.
type repositoryParams struct {
	Repository string `json:"repository"`
}

const repositorySchema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["repository"],
  "properties": {"repository": {"type": "string", "minLength": 1, "description": "name or ARN of the repository"}}
}`

// findPermissions are what it takes to find a repository.
var findPermissions = []string{"ecr:DescribeRepositories", "ecr:ListTagsForResource"}

// findRepository returns the repository with its tags.
func findRepository(ctx context.Context, cfg aws.Config, req action.Request, p repositoryParams) ([]action.Resource, error) {
	if p.Repository == "" {
		return nil, fault.New(fault.Invalid, "no repository is named").WithHint(`give {"repository": "shop/checkout"}`)
	}
	name := p.Repository
	if _, after, found := strings.Cut(name, ":repository/"); found {
		name = after
	}
	found, err := describe(ctx, cfg, name)
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::ECR::Repository", ARN: aws.ToString(found.RepositoryArn), Name: name, Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	tags, err := ecr.NewFromConfig(cfg).ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &r.ARN})
	if err != nil {
		return nil, awscall.Fault(err, "ecr:ListTagsForResource", "read the tags of the repository %s", name)
	}
	for _, t := range tags.Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func describe(ctx context.Context, cfg aws.Config, name string) (types.Repository, error) {
	out, err := ecr.NewFromConfig(cfg).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	if err == nil && len(out.Repositories) == 0 {
		err = fault.New(fault.NotFound, "AWS shows no repository %s", name)
	}
	if err != nil {
		return types.Repository{}, missing(err, "ecr:DescribeRepositories", name)
	}
	return out.Repositories[0], nil
}

func missing(err error, permission, name string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the repository %s", name),
		"there is no repository "+name, "it was deleted, or it is in another region")
}

// tagging is whether the tags of images can be moved to other images.
type tagging struct {
	Mutability types.ImageTagMutability `json:"image_tag_mutability"`
}

// NewMakeTagsImmutable returns the action ecr.make-tags-immutable.
func NewMakeTagsImmutable(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[repositoryParams, tagging]{
		Spec: action.Spec{
			Name:  "ecr.make-tags-immutable",
			Title: "Keep the tags of images where they are",
			Description: "Has a repository refuse an image whose tag is there already, so that a tag always stands for the image that was looked at. " +
				"Builds that push a tag such as `latest` again fail from then on. A repository where some tags are excepted is left to people.",
			Parameters:  json.RawMessage(repositorySchema),
			Permissions: append([]string{"ecr:PutImageTagMutability"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: findRepository,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (tagging, error) {
			now, err := describe(ctx, cfg, r.Name)
			return tagging{now.ImageTagMutability}, err
		},
		Want: func(_ action.Resource, _ repositoryParams, now tagging) (tagging, string, error) {
			switch now.Mutability {
			case types.ImageTagMutabilityImmutable:
				return now, "Its tags stay where they are already.", nil
			case types.ImageTagMutabilityMutable:
				return tagging{types.ImageTagMutabilityImmutable}, "Whoever may push can put another image behind a tag that is in use.", nil
			}
			return now, "", setting.Escalation("Filters except some of its tags (" + string(now.Mutability) + "): see whether they are meant to.")
		},
		Steps: func(r action.Resource, _, to tagging) ([]setting.Step[tagging], error) {
			input := map[string]any{"RepositoryName": r.Name, "RegistryId": r.Account, "ImageTagMutability": to.Mutability}
			return []setting.Step[tagging]{{Operation: "PutImageTagMutability", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"PutImageTagMutability": setting.Op(ecr.NewFromConfig, (*ecr.Client).PutImageTagMutability)},
	})
}

// NewRemovePublicStatements returns the action ecr.remove-public-statements.
func NewRemovePublicStatements(caller *awscall.Caller) action.Action {
	return resourcepolicy.NewRemoval(caller, resourcepolicy.Removal[repositoryParams]{
		Spec: action.Spec{
			Name:  "ecr.remove-public-statements",
			Title: "Let not everybody use a repository",
			Description: "Removes from a repository's policy the statements that allow everybody something, without an account, an organisation or " +
				"another fixed source as their condition. The rest stays as it is; where nothing is left the policy is deleted. Images that somebody has " +
				"pulled meanwhile stay with them.",
			Parameters:  json.RawMessage(repositorySchema),
			Permissions: append([]string{"ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: findRepository,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			out, err := ecr.NewFromConfig(cfg).GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &r.Name, RegistryId: &r.Account})
			if none := new(types.RepositoryPolicyNotFoundException); errors.As(err, &none) {
				return "", nil
			}
			if err != nil {
				return "", missing(err, "ecr:GetRepositoryPolicy", r.Name)
			}
			return aws.ToString(out.PolicyText), nil
		},
		Write: func(r action.Resource, text string) (string, any) {
			input := map[string]any{"RepositoryName": r.Name, "RegistryId": r.Account}
			if text == "" {
				return "DeleteRepositoryPolicy", input
			}
			input["PolicyText"] = text
			return "SetRepositoryPolicy", input
		},
		Operations: map[string]setting.Operation{
			"SetRepositoryPolicy":    setting.Op(ecr.NewFromConfig, (*ecr.Client).SetRepositoryPolicy),
			"DeleteRepositoryPolicy": setting.Op(ecr.NewFromConfig, (*ecr.Client).DeleteRepositoryPolicy),
		},
	})
}
