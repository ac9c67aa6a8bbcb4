package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
	"riposte.dev/guard"
)

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "riposte.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreCareful(t *testing.T) {
	t.Chdir(t.TempDir()) // without a riposte.yaml
	c, err := LoadConfig("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Mode != guard.DryRun || c.Server.Listen != "127.0.0.1:7411" || !*c.Rules.Bundled || c.Learning != 7*24*time.Hour {
		t.Errorf("defaults %+v", c)
	}
}

func TestTheFileOfTheWorkingFolderIsTaken(t *testing.T) {
	t.Chdir(filepath.Dir(writeConfig(t, "mode: notify\n")))
	c, err := LoadConfig("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Mode != guard.Notify {
		t.Errorf("mode %q", c.Mode)
	}
}

func TestWhatIsWrittenIsTaken(t *testing.T) {
	path := writeConfig(t, `
server: {listen: "127.0.0.1:0", hosts: [riposte.example.com]}
mode: auto
guard: {allow: [{accounts: ["*"]}]}
learning: 1h
rules: {bundled: false, paths: [rules, /etc/riposte], modes: {some-rule: approve}}
notify:
  mail: {host: mail.example.com, from: riposte@example.com}
  topics: {alarm: "arn:aws:sns:us-east-1:111122223333:alarm"}
  routes: {secops: {channels: [mail, alarm], to: [ops@example.com]}}
limits: {disk_reserve: 1, events: 2}
`)
	c, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if *c.Rules.Bundled || c.Mode != guard.Auto || c.Learning != time.Hour || c.Rules.Modes["some-rule"] != guard.Approve {
		t.Errorf("config %+v", c)
	}
	if got := c.path(c.Rules.Paths[0]); got != filepath.Join(filepath.Dir(path), "rules") {
		t.Errorf("a relative path became %s; it is relative to the file", got)
	}
	if got := c.path(c.Rules.Paths[1]); got != "/etc/riposte" {
		t.Errorf("an absolute path became %s", got)
	}
}

func TestMistakesHaveAPlaceAndARemedy(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"all at once", "mode: bold\ncolour: red\nserver: {tls_cert: c.pem}\n",
			[]string{"riposte.yaml:1:7: there is no mode \"bold\" — write notify, dry-run, approve or auto", `riposte.yaml:2:1: unknown field "colour"`, "riposte.yaml:3:9: tls_cert and tls_key belong together — set both"}},
		{"mode of a rule", "rules: {modes: {some-rule: bold}}\n", []string{`riposte.yaml:1:28: there is no mode "bold"`}},
		{"account", "aws: {accounts: [{id: \"42\", role: \"arn:aws:iam::111122223333:role/r\"}]}\n", []string{`riposte.yaml:1:23: "42" is not an AWS account — an account has 12 digits`}},
		{"account without a role", "aws: {accounts: [{id: \"111122223333\"}]}\n", []string{"role"}},
		{"half a key", "aws: {access_key_id: AKIA}\n", []string{"access_key_id and secret_access_key belong together", "static keys need region and endpoint"}},
		{"keys for AWS itself", "aws: {access_key_id: AKIA, secret_access_key: s}\n", []string{"static keys need region and endpoint", "for AWS use a role or profile"}},
		{"channel", "notify: {routes: {secops: {channels: [pager]}}}\n", []string{`there is no channel "pager" — define it as notify.mail, or under notify.topics, notify.slack or notify.webhooks`}},
		{"mail without a server", "notify: {routes: {secops: {channels: [mail]}}}\n", []string{`there is no channel "mail"`}},
		{"duration", "learning: soon\n", []string{"riposte.yaml:1:11"}},
		{"listening for all without TLS", "server: {listen: \"0.0.0.0:7411\"}\n", []string{`riposte.yaml:1:18: 0.0.0.0:7411 is not a loopback address, and there is no TLS — set server.tls_cert`}},
		{"listening nowhere", "server: {listen: here}\n", []string{`riposte.yaml:1:18: server.listen is not host:port: "here" — write 127.0.0.1:7411`}},
		{"mail", "notify: {mail: {host: mail.example.com, from: nobody, tls: sometimes}}\n", []string{`riposte.yaml:1:16: mail channel: tls is "sometimes"`, "from"}},
		{"topic", "notify: {topics: {sns: \"arn:aws:sqs:eu-west-1:111122223333:q\"}}\n", []string{`riposte.yaml:1:24: channel "sns": "arn:aws:sqs:eu-west-1:111122223333:q" is not the ARN of an SNS topic`}},
		{"webhook", "notify: {webhooks: {hook: {url: \"http://hooks.example.com\"}}}\n", []string{"riposte.yaml:1:27", "the URL begins with http:"}},
		{"name of a channel", "notify: {slack: {Team_A: {url_file: u}}}\n", []string{`riposte.yaml:1:26: "Team_A" is no channel's name — use 1 to 40 lower-case letters`}},
		{"severity of a route", "notify: {routes: {secops: {channels: [log], min_severity: FIERCE}}}\n", []string{`riposte.yaml:1:59: there is no severity "FIERCE" — write INFORMATIONAL`}},
		{"mail to nobody", "notify: {mail: {host: mail.example.com, from: r@example.com}, routes: {secops: {channels: [mail]}}}\n",
			[]string{`riposte.yaml:1:80: route "secops": channel "mail" needs addresses in "to"`}},
		{"mail to a name", "notify: {mail: {host: mail.example.com, from: r@example.com}, routes: {secops: {channels: [mail], to: [ana]}}}\n", []string{`riposte.yaml:1:80: route "secops": `}},
		{"no YAML", "mode: [\n", []string{"not valid YAML"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadConfig(writeConfig(t, tt.text))
			if fault.CodeOf(err) != fault.Invalid {
				t.Fatalf("error %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in\n%v", want, err)
				}
			}
		})
	}
}

func TestAConfigurationThatIsNamedMustBeThere(t *testing.T) {
	_, err := LoadConfig(filepath.Join(t.TempDir(), "none.yaml"))
	if fault.CodeOf(err) != fault.NotFound || fault.Hint(err) == "" {
		t.Errorf("error %v, hint %q", err, fault.Hint(err))
	}
}

func TestCheckConfigReadsAllThatIsNamed(t *testing.T) {
	path := writeConfig(t, "aws: {region: us-east-1}\nrules: {paths: [rules]}\nthreat_lists: [{name: bad, path: list.txt}]\n")
	rules := filepath.Join(filepath.Dir(path), "rules")
	if err := os.Mkdir(rules, 0o700); err != nil {
		t.Fatal(err)
	}
	rule := "id: some-rule\ntitle: t\nstory: s\nseverity: LOW\nmatch: {pattern: {source: [x], detail-type: [y]}}\nnotify: [nobody]\n"
	for name, text := range map[string]string{filepath.Join(rules, "r.yaml"): rule, filepath.Join(filepath.Dir(path), "list.txt"): "999.1.1.1\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := CheckConfig(path)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`r.yaml:6:10: there is no notification route "nobody"`, "list.txt:1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestAThreatListThatIsMissingIsNamed(t *testing.T) {
	err := CheckConfig(writeConfig(t, "threat_lists:\n  - {name: ours, path: none.txt}\n  - {name: theirs, path: nor-this.txt}\n"))
	for _, want := range []string{"riposte.yaml:2:24: the file can't be read: ", "riposte.yaml:3:26: the file can't be read: ", "nor-this.txt"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}
