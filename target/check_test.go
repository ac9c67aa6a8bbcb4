package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/conf"
)

// decode reads targets as they stand in a rule file.
func decode(t *testing.T, name string, text []byte) []Config {
	t.Helper()
	doc, err := conf.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Targets []Config `yaml:"targets"`
	}
	if err := doc.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file.Targets
}

// Each file in testdata/check has targets, and after "# expect:" what Check says about them.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			problems, warnings := Check(decode(t, file, src))
			var got []string
			for _, p := range problems {
				got = append(got, p.Path+": "+p.Message)
			}
			for _, w := range warnings {
				got = append(got, "warning "+w.Path+": "+w.Message)
			}
			var want []string
			_, expected, _ := strings.Cut(string(src), "# expect:\n")
			for line := range strings.Lines(expected) {
				want = append(want, strings.TrimSpace(strings.TrimPrefix(line, "#")))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			for _, p := range problems {
				if p.Hint == "" {
					t.Errorf("%s has no hint", p.Path)
				}
			}
		})
	}
}

func TestKindOfEveryExample(t *testing.T) {
	acts := map[string]bool{"lambda": true, "states": true, "ssm": true, "ecs": true, "http": true}
	for _, k := range kinds {
		c := Config{ARN: k.example}
		switch k.Name {
		case "sms":
			c = Config{PhoneNumber: "+15555550100"}
		case "http":
			c = Config{URL: "https://tickets.example.com/hooks/token?token=x"}
		}
		got, err := c.Kind()
		if err != nil || got.Name != k.Name || got.Acts != acts[k.Name] {
			t.Errorf("%s: got %+v, %v", k.Name, got, err)
		}
		if strings.Contains(c.Address(), "token") || strings.Contains(c.Address(), "5555") {
			t.Errorf("the address %s says too much", c.Address())
		}
	}
	if k, _ := (&Config{ARN: "arn:aws:sqs:eu-west-1:111122223333:q.fifo"}).Kind(); k.Effect != Token {
		t.Errorf("a FIFO queue has the effect %s", k.Effect)
	}
}

func TestPermissions(t *testing.T) {
	const queue, role = "arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:iam::444455556666:role/forward"
	ecs := &ECSParameters{TaskDefinitionARN: "arn:aws:ecs:eu-west-1:111122223333:task-definition/isolate:3"}
	for name, tt := range map[string]struct {
		c    Config
		want string
	}{
		"queue by a role with dead letters": {Config{ARN: queue, RoleARN: role, DeadLetterConfig: &DeadLetterConfig{ARN: queue + "-dead"}},
			"sts:AssumeRole " + role + "; as " + role + " sqs:SendMessage " + queue + "; sqs:SendMessage " + queue + "-dead"},
		"log group": {Config{ARN: "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/x"},
			"logs:CreateLogStream,logs:PutLogEvents arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/x:*"},
		"document": {Config{ARN: "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"},
			"ssm:SendCommand arn:aws:ssm:eu-west-1::document/AWS-RunShellScript,arn:aws:ec2:eu-west-1:*:instance/*"},
		"task": {Config{ARN: "arn:aws:ecs:eu-west-1:111122223333:cluster/c", ECSParameters: ecs}, "ecs:RunTask " + ecs.TaskDefinitionARN +
			"; iam:PassRole arn:aws:iam::111122223333:role/* to ecs-tasks.amazonaws.com"},
		"text message": {Config{PhoneNumber: "+15555550100"}, "sns:Publish *"},
		"endpoint":     {Config{URL: "https://example.com"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			permissions, err := Permissions(&tt.c)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range permissions {
				line := strings.Join(p.Actions, ",") + " " + strings.Join(p.Resources, ",")
				for _, service := range p.Conditions["StringEquals"]["iam:PassedToService"] {
					line += " to " + service
				}
				if p.Role != "" {
					line = "as " + p.Role + " " + line
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
