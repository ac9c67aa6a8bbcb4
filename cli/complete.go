package cli

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"riposte.dev/action"
	"riposte.dev/audit"
	"riposte.dev/detect"
	"riposte.dev/finding"
	"riposte.dev/playbook"
	"riposte.dev/store"
	"riposte.dev/web"
)

// completionPatience bounds how long a shell waits for words from the running riposte.
const completionPatience = 2 * time.Second

// addCompletion gives every command and flag that has none the words that a shell offers. What is not listed here takes
// free text, and is offered nothing: the files of the current folder would mislead. Where riposte does not run, there are fewer
// words; completion never fails.
func addCompletion(root *cobra.Command, d Deps) {
	arguments := map[string]cobra.CompletionFunc{
		"riposte actions show":        once(findActions(d)),
		"riposte actions plan":        once(findActions(d)),
		"riposte findings get":        once(findFindings),
		"riposte findings update":     each(findFindings),
		"riposte executions get":      once(findExecutions),
		"riposte executions evidence": once(findExecutions),
		"riposte executions undo":     once(findExecutions),
		"riposte executions history":  once(findExecutions),
		"riposte executions watch":    once(findExecutions),
		"riposte executions stop":     once(findExecutions),
		"riposte executions redrive":  once(findExecutions),
		"riposte exceptions get":      once(findAllExceptions),
		"riposte exceptions remove":   once(findExceptions),
		"riposte keys revoke":         once(findKeys),
		"riposte resume":              once(findPauses),
		"riposte approvals get":       once(findApprovals),
		"riposte approvals approve":   once(findApprovals),
		"riposte approvals refuse":    once(findApprovals),
	}
	files := []string{"config", "cases", "events", "rules", "file"}
	folders := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	flags := map[string]cobra.CompletionFunc{ // by name, or by command and name
		"riposte keys create --role": fixed(web.Roles()...),
		"riposte audit list --kind":  fixed(audit.Kinds()...),
		"output":                     fixed("table", "json", "ndjson", "yaml"),
		"severity":                   fixed(web.Severities()...),
		"min-severity":               fixed(web.Severities()...),
		"workflow":                   fixed(web.WorkflowStatuses()...),
		"state":                      fixed(web.RecordStates()...),
		"verification":               fixed(web.VerificationStates()...),
		"status":                     fixed(web.ExecutionStatuses()...),
		"kind":                       fixed(append(web.LineKinds(), executionLines)...),
		"since":                      fixed("1h", "24h", "7d"),
		"for":                        fixed("2h", "48h", "14d"),
		"execution":                  each(findExecutions),
		"rule":                       each(findRules),
		"playbook":                   each(findPlaybooks),
		"action":                     each(findActions(d)),
		"account":                    each(findAccounts),
		"data":                       folders,
	}
	walk(root, func(cmd *cobra.Command) {
		if find := arguments[cmd.CommandPath()]; find != nil {
			cmd.ValidArgsFunction = find
		} else if cmd.Args == nil && cmd.ValidArgs == nil && cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		addFlags := func(f *pflag.Flag) {
			find := flags[cmd.CommandPath()+" --"+f.Name]
			if find == nil {
				find = flags[f.Name]
			}
			if _, has := cmd.GetFlagCompletionFunc(f.Name); has || slices.Contains(files, f.Name) || f.NoOptDefVal != "" {
				return
			}
			if find == nil {
				find = cobra.NoFileCompletions
			}
			_ = cmd.RegisterFlagCompletionFunc(f.Name, find) // it fails for flags that have one, or don't exist
		}
		cmd.LocalNonPersistentFlags().VisitAll(addFlags)
		if cmd == root {
			cmd.PersistentFlags().VisitAll(addFlags)
		}
	})
}

// addCompletionCommand adds cobra's commands that write completion scripts.
func addCompletionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, shell := range []struct{ name, long, example string }{
		{"", "The scripts ask riposte itself for words: commands, flags, and the ids of what the running riposte knows.", ""},
		{"bash", "The script needs the package bash-completion.",
			"  source <(riposte completion bash)\n  riposte completion bash >/etc/bash_completion.d/riposte"},
		{"zsh", "Completion must be on: put autoload -U compinit; compinit into ~/.zshrc.",
			"  source <(riposte completion zsh)\n  riposte completion zsh >\"${fpath[1]}/_riposte\""},
		{"fish", "", "  riposte completion fish | source\n  riposte completion fish >~/.config/fish/completions/riposte.fish"},
		{"powershell", "Put the example into the profile to have it in every session.",
			"  riposte completion powershell | Out-String | Invoke-Expression"},
	} {
		if cmd, _, err := root.Find(strings.Fields("completion " + shell.name)); err == nil {
			cmd.Long, cmd.Example = shell.long, shell.example
			cmd.Short = "Write the script by which a shell completes commands: " + or(shell.name, "bash, zsh, fish or PowerShell")
		}
	}
}

// walk visits a command and everything below it.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		walk(sub, visit)
	}
}

// fixed offers names in the order in which they are given.
func fixed[T ~string](names ...T) cobra.CompletionFunc {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = string(name)
	}
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder)
}

// finder finds words, with what they mean.
type finder func(cmd *cobra.Command) []cobra.Completion

// once offers words for the first argument only.
func once(find finder) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return find(cmd), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// each offers the words that are not there yet for every argument.
func each(find finder) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		left := slices.DeleteFunc(find(cmd), func(word cobra.Completion) bool {
			name, _, _ := strings.Cut(word, "\t")
			return slices.Contains(args, name)
		})
		return left, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// ask reads a list of the running riposte; nothing where there is none.
func ask[T any](cmd *cobra.Command, path string, query url.Values) (out T) {
	client, err := connect(cmd)
	if err != nil {
		return out
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	_ = client.Call(ctx, http.MethodGet, path, query, nil, &out) // a shell has no place for errors
	return out
}

// offer makes words of a list.
func offer[T any](list []T, word func(T) (name, meaning string)) []cobra.Completion {
	var words []cobra.Completion
	for _, element := range list {
		if name, meaning := word(element); name != "" {
			words = append(words, cobra.CompletionWithDesc(name, meaning))
		}
	}
	return words
}

// latest asks for as many of a list as a shell can show.
func latest() url.Values { return url.Values{"limit": {"200"}} }

func findFindings(cmd *cobra.Command) []cobra.Completion {
	return offer(ask[finding.Page](cmd, "/api/v1/findings", latest()).Records, func(r finding.Record) (string, string) {
		return r.Finding.ID, severityOf(r.Finding) + " " + r.Finding.Title
	})
}

func findExecutions(cmd *cobra.Command) []cobra.Completion {
	return offer(ask[[]playbook.Summary](cmd, "/api/v1/executions", latest()), func(s playbook.Summary) (string, string) {
		return s.ID, string(s.Status) + " " + s.Title
	})
}

func findExceptions(cmd *cobra.Command) []cobra.Completion {
	return offer(ask[[]store.ExceptionRecord](cmd, "/api/v1/exceptions", nil), exceptionWord)
}

func findAllExceptions(cmd *cobra.Command) []cobra.Completion {
	return offer(ask[[]store.ExceptionRecord](cmd, "/api/v1/exceptions", url.Values{"all": {"true"}}), exceptionWord)
}

func exceptionWord(e store.ExceptionRecord) (name, meaning string) {
	return e.ID, e.Resource + ": " + e.Reason
}

func findKeys(cmd *cobra.Command) []cobra.Completion {
	return offer(ask[[]web.KeyInfo](cmd, "/api/v1/keys", nil), func(k web.KeyInfo) (string, string) {
		return k.Name, "account " + k.Account + ", " + words(k.Roles)
	})
}

func findPauses(cmd *cobra.Command) []cobra.Completion {
	return offer(ask[[]store.PauseRecord](cmd, "/api/v1/pauses", nil), func(p store.PauseRecord) (string, string) { return p.ID, p.Reason })
}

func findApprovals(cmd *cobra.Command) []cobra.Completion {
	return offer(ask[[]playbook.Approval](cmd, "/api/v1/approvals", nil), func(a playbook.Approval) (string, string) { return a.ID, a.Title })
}

func findAccounts(cmd *cobra.Command) []cobra.Completion {
	return offer(ask[[]web.Account](cmd, "/api/v1/accounts", nil), func(a web.Account) (string, string) { return a.ID, a.Name })
}

// ruleList is the rules in force, or the bundled ones where riposte does not run.
func ruleList(cmd *cobra.Command) []web.Rule {
	if list := ask[[]web.Rule](cmd, "/api/v1/rules", nil); len(list) > 0 {
		return list
	}
	set, err := (&ruleFlags{}).load(detect.LoadOptions{})
	if err != nil {
		return nil
	}
	var list []web.Rule
	for _, r := range set.Rules() {
		rule := web.Rule{ID: r.ID, Title: r.Title}
		if r.Respond != nil {
			rule.Playbook = r.Respond.Playbook
		}
		list = append(list, rule)
	}
	return list
}

func findRules(cmd *cobra.Command) []cobra.Completion {
	return offer(ruleList(cmd), func(r web.Rule) (string, string) { return r.ID, r.Title })
}

func findPlaybooks(cmd *cobra.Command) []cobra.Completion {
	seen := map[string]bool{}
	return offer(ruleList(cmd), func(r web.Rule) (string, string) {
		if seen[r.Playbook] {
			return "", ""
		}
		seen[r.Playbook] = true
		return r.Playbook, ""
	})
}

func findActions(d Deps) finder {
	return func(*cobra.Command) []cobra.Completion {
		return offer(d.Actions.Specs(), func(s action.Spec) (string, string) { return s.Name, s.Title })
	}
}
