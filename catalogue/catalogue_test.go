package catalogue_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/catalogue"
	"riposte.dev/iam"
)

func specs(t *testing.T) []action.Spec {
	t.Helper()
	set, err := catalogue.New(nil, catalogue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set.Specs()
}

func TestTheReferenceIsThatOfTheActions(t *testing.T) {
	got, err := os.ReadFile("../docs/reference/actions.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := catalogue.Reference(specs(t)); string(got) != want {
		t.Error("docs/reference/actions.md is not that of these actions: run go generate ./catalogue")
	}
}

func TestEveryNoteIsOfAnAction(t *testing.T) {
	files, err := filepath.Glob("notes/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no notes: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		if !slices.ContainsFunc(specs(t), func(s action.Spec) bool { return s.Name == name }) {
			t.Errorf("%s is about no action", file)
		}
	}
}

func TestTheNoteHasTheWholeClusterRole(t *testing.T) {
	role, err := os.ReadFile("../action/eks/clusterrole.yaml")
	if err != nil {
		t.Fatal(err)
	}
	note := strings.ReplaceAll(catalogue.Note("eks.isolate-pod"), "\n  ", "\n")
	if !strings.Contains(note, "```yaml\n"+string(role)+"```") {
		t.Error("catalogue/notes/eks.isolate-pod.md doesn't show action/eks/clusterrole.yaml as it is")
	}
}

// AWS says, or everybody sees, that these show only minutes later; a change that isn't waited for is told as one that failed.
func TestWhatTakesMinutesIsWaitedFor(t *testing.T) {
	seconds := map[string]int{}
	for _, s := range specs(t) {
		seconds[s.Name] = s.TakesSeconds
	}
	for name, least := range map[string]int{
		"ec2.block-public-images":               600, // "can take up to 10 minutes" (API_EnableImageBlockPublicAccess)
		"ec2.stop-instance":                     600, // stopping: ten minutes until it may be forced
		"ec2.terminate-instance":                600, // shutting-down
		"elasticache.enable-automatic-failover": 600, // enabling
		"dynamodb.encrypt-with-kms":             600, // UPDATING
		"inspector.enable":                      600, // ENABLING
		"lambda.revert-code":                    300, // InProgress
		"lambda.revert-layers":                  300, // InProgress
		"opensearch.publish-logs":               600, // Processing
		"opensearch.require-tls":                600, // Processing
		"rds.enable-iam-authentication":         600, // configuring-iam-database-auth
		"rds.keep-backups":                      600, // backing-up
		"rds.make-instance-private":             600, // modifying
		"redshift.enable-vpc-routing":           600, // rebooting
		"redshift.keep-snapshots":               600, // modifying
		"redshift.make-cluster-private":         600, // modifying
		"secretsmanager.rotate-secret":          600, // the function's steps
	} {
		if seconds[name] < least {
			t.Errorf("%s is waited for for %d seconds, want %d or more", name, seconds[name], least)
		}
	}
}

// What is corroborated matters too much to be found out one action at a time.
func TestTheGuardsReferenceNamesWhatOnlyAnEventSpeaksFor(t *testing.T) {
	page, err := os.ReadFile("../docs/reference/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "| about | actions |\n")
	table, _, _ := strings.Cut(section, "\n\n")
	var told []string
	for i, text := range strings.Split(table, "`") {
		if i%2 == 1 {
			told = append(told, text)
		}
	}
	slices.Sort(told)
	var are []string
	for _, s := range specs(t) {
		if s.Evidence == action.EventEvidence {
			are = append(are, s.Name)
		}
	}
	slices.Sort(are)
	if !slices.Equal(told, are) {
		t.Errorf("docs/reference/guard.md names\n%v, only an event speaks for\n%v", told, are)
	}
}

func TestEverySpecIsWhole(t *testing.T) {
	for _, s := range specs(t) {
		if s.Title == "" || s.Description == "" || len(s.Permissions) == 0 && !s.Outside || s.Effect == "" {
			t.Errorf("%s is not described: %+v", s.Name, s)
		}
		for _, text := range []string{s.Title, s.Irreversible, s.Approval} {
			if strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q ends with a full stop", s.Name, text)
			}
		}
		if !strings.HasSuffix(s.Description, ".") {
			t.Errorf("%s: the description %q is no sentence", s.Name, s.Description)
		}
		if !slices.Equal(slices.Sorted(slices.Values(s.Permissions)), slices.Compact(slices.Sorted(slices.Values(s.Permissions)))) {
			t.Errorf("%s names a permission twice", s.Name)
		}
	}
}

func TestEveryPermissionHasItsResources(t *testing.T) {
	for _, s := range specs(t) {
		for _, permission := range s.Permissions {
			if !iam.Known(permission) {
				service, _, _ := strings.Cut(permission, ":")
				t.Errorf("%s needs %s: name in iam/facts_%s.go on which resources it can be allowed, nil where the Service Authorization Reference has no resource type",
					s.Name, permission, service)
			}
		}
	}
}
