# complete.zsh FUNCTION-FILE TEXT: prints what zsh shows when TAB is pressed after TEXT in a shell that has the function.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= RPS1=; unsetopt zle_bracketed_paste; stty -echo; autoload -Uz compinit && compinit -u -D; zstyle ':completion:*' list-prompt ''; LISTMAX=10000; stty columns 300 rows 2000"
zpty -w shell "source /dev/stdin <<<\"_pyxis() { \$(<${1:q}) }\"; compdef _pyxis pyxis; setopt no_always_last_prompt; finished() { print -r -- '<end>' }; zle -N finished; bindkey '^X^E' finished; print ready"
local line shown
while zpty -r shell line; do [[ $line == *ready* && $line != *print* ]] && break; done
# A key of its own, pressed after TAB, says when the completion is done.
zpty -n -w shell "$2"$'\t'$'\x18\x05'
while zpty -r shell line; do
    [[ $line == *'<end>'* ]] && break
    shown+=$line
done
zpty -d shell
print -r -- "$shown"
