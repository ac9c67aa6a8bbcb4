package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"riposte.dev/sandbox"
)

func TestProjects(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := codebuild.NewFromConfig(w.config(w.root, "us-east-1"))
	in := &codebuild.CreateProjectInput{
		Name: aws.String("shop"), ServiceRole: aws.String("arn:aws:iam::111122223333:role/builds"),
		Source: &types.ProjectSource{Type: types.SourceTypeNoSource}, Artifacts: &types.ProjectArtifacts{Type: types.ArtifactsTypeNoArtifacts},
		Environment: &types.ProjectEnvironment{Type: types.EnvironmentTypeLinuxContainer, Image: aws.String("x"), ComputeType: types.ComputeTypeBuildGeneral1Small},
	}
	if _, err := client.CreateProject(ctx, in); err != nil {
		t.Fatal(err)
	}
	_, err := client.CreateProject(ctx, in)
	wantCode(t, err, "ResourceAlreadyExistsException")
	_, err = client.UpdateProject(ctx, &codebuild.UpdateProjectInput{Name: aws.String("none")})
	wantCode(t, err, "ResourceNotFoundException")
	arn := "arn:aws:codebuild:us-east-1:111122223333:project/shop"
	w.cli("us-east-1", "codebuild", "update-project-visibility", "--project-arn", arn, "--project-visibility", "PUBLIC_READ")
	out, err := client.BatchGetProjects(ctx, &codebuild.BatchGetProjectsInput{Names: []string{arn, "none"}})
	if err != nil || len(out.Projects) != 1 || out.Projects[0].ProjectVisibility != types.ProjectVisibilityTypePublicRead || strings.Join(out.ProjectsNotFound, " ") != "none" {
		t.Errorf("%+v, %v", out, err)
	}
	narrow := codebuild.NewFromConfig(w.config(w.user("narrow", allow("codebuild:*", arn)), "us-east-1"))
	if _, err := narrow.BatchGetProjects(ctx, &codebuild.BatchGetProjectsInput{Names: []string{"shop"}}); err != nil {
		t.Errorf("on its own: %v", err)
	}
	_, err = narrow.ListProjects(ctx, &codebuild.ListProjectsInput{})
	wantCode(t, err, "AccessDeniedException")
}
