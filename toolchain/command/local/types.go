// Package local holds the resource command:local:Command and the function
// command:local:run. The package's name is part of both tokens.
package local

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Lifecycle is what a command does when, and what makes it run again.
type Lifecycle struct {
	// Only a new trigger replaces the resource; other changes update it.
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
}

// Settings are how a command is run.
type Settings struct {
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// Result is what a command left behind.
type Result struct {
	Stdout  string                            `pulumi:"stdout"`
	Stderr  string                            `pulumi:"stderr"`
	Assets  *map[string]*types.AssetOrArchive `pulumi:"assets,optional"`
	Archive *resource.Archive                 `pulumi:"archive,optional"`
}

// Inputs are the arguments of a Command.
type Inputs struct {
	Lifecycle
	Settings
}

// State is what the engine keeps of a Command.
type State struct {
	Inputs
	Result
}

// RunInputs are the arguments of the function run.
type RunInputs struct {
	Settings
	Command string `pulumi:"command"`
}

// RunResult is the answer of the function run.
type RunResult struct {
	RunInputs
	Result
}

// Logging says which output is shown while a command runs.
type Logging string

const (
	logStdout Logging = "stdout"
	logStderr Logging = "stderr"
	logBoth   Logging = "stdoutAndStderr"
	logNone   Logging = "none"
)

// Values are the allowed values.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: string(logStdout), Value: logStdout},
		{Name: string(logStderr), Value: logStderr},
		{Name: string(logBoth), Value: logBoth},
		{Name: string(logNone), Value: logNone},
	}
}

func (l *Logging) shows(stream Logging) bool {
	return l == nil || *l == logBoth || *l == stream
}
