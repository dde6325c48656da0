# pacsmith's end of the one shell on a host. It lives as long as its SSH session, leaves no file behind, and needs
# nothing but perl-base, which every Debian has. builder/engines/shell/wire.py describes what it reads and prints.
use strict;
use warnings;
use Fcntl qw(F_DUPFD F_GETFL F_SETFL O_NONBLOCK O_CREAT O_EXCL O_WRONLY);
use POSIX qw(:sys_wait_h EAGAIN EINTR EEXIST);

my ($token, $slots) = @ARGV;
my $LINGER = 2;           # seconds that a background process may hold a finished command's output
my $KILL_AFTER = 2;       # seconds between SIGTERM and SIGKILL
my $CHUNK = 65536;
my $CLAIMS_KEPT = 64;
my $STALE = 7200;         # seconds after which a room that nobody came back for is swept: no command takes that long
my $TICKS = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my ($READ, $STDIN, $HIDDEN, $PTY) = (1, 2, 4, 8);
my ($TIOCSPTLCK, $TIOCGPTN, $TIOCSWINSZ) = (0x40045431, 0x80045430, 0x5414);    # Linux
# A text that nobody may see in the process list reaches its shell through a pipe. Up to what a pipe holds, it lies there
# whole before the shell begins; a longer one must first come whole, lest half of it is carried out.
my $IN_PIPE = 60000;
my $ARGUMENT = 100_000;    # bytes of a text that go as an argument; Linux takes 128 KiB (MAX_ARG_STRLEN)
my $THROUGH_PIPE = 't=$(cat <&9); case $t in *"#whole") ;; *) exit 125;; esac; eval "unset t; $t" 9<&-';

my ($input, $lost) = ("", 0);
my (%job, @waiting, @draining);
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { };

sub say_frame {
    my ($kind, $id, $data) = @_;
    return if $lost;
    my $frame = pack("a N N", $kind, $id, length $data) . $data;
    my $sent = 0;
    while ($sent < length $frame) {
        my $n = syswrite(STDOUT, $frame, length($frame) - $sent, $sent);
        if (!defined $n) {
            next if $! == EINTR;
            return connection_lost();
        }
        $sent += $n;
    }
}

sub room_for {
    for my $base ('/run', '/dev/shm', '/tmp') {
        sweep($base);
        return "$base/pacsmith-shell-$token" if mkdir "$base/pacsmith-shell-$token", 0700;
    }
    return "";
}

sub sweep {
    my ($base) = @_;
    opendir(my $folder, $base) or return;
    for my $name (grep { /^pacsmith-shell-/ } readdir $folder) {
        my @about = lstat "$base/$name";
        clear_room("$base/$name") if @about && $about[4] == $> && -d _ && time - $about[9] > $STALE;
    }
}

# It loses its name before its claims: an agent that makes one in it meanwhile must not take it for its own.
sub clear_room {
    my ($path) = @_;
    rename $path, "$path.gone" or return;
    opendir(my $folder, "$path.gone") or return;
    unlink map { "$path.gone/$_" } grep { /^(\d+)$/ } readdir $folder;
    rmdir "$path.gone";
}

# Whoever makes the file first, has the command: this agent to run it, or its successor to know that it never ran.
sub claim {
    my ($room, $id) = @_;
    return "free" if sysopen(my $file, "$room/$id", O_CREAT | O_EXCL | O_WRONLY, 0600);
    return $! == EEXIST ? "taken" : "unknown";
}

# Seconds since some moment; the clock of a host may jump while it is built.
sub now { return (POSIX::times())[0] / $TICKS }

sub nonblocking { fcntl($_[0], F_SETFL, fcntl($_[0], F_GETFL, 0) | O_NONBLOCK) }

my $room = room_for();

sub begin {
    my ($id, $payload) = @_;
    my ($flags, $text, @env) = unpack("C (N/a*)*", $payload);
    if (!($flags & $READ) && $room ne "") {
        my $claimed = claim($room, $id);
        return say_frame('X', $id, pack("n n", 0, 2)) if $claimed eq "taken" || !-d $room;
        if ($claimed ne "free") { clear_room($room); $room = "" }    # a full disk: go on, and let nobody claim
        my $old = $id - $CLAIMS_KEPT;
        unlink "$room/$old" if $old > 0 && !$job{$old};
    }
    my ($in_r, $in_w, $script_r, $script_w);
    my ($out_r, $out_w, $err_r, $err_w, $terminal);
    if ($flags & $PTY) {
        ($out_r, $terminal) = terminal() or return no_process($id);
        if ($flags & $STDIN) { open($in_w, '>&', $out_r) or return no_process($id) }
    }
    else { pipe($out_r, $out_w) && pipe($err_r, $err_w) or return no_process($id) }
    if ($flags & $PTY) { }
    elsif ($flags & $STDIN) { pipe($in_r, $in_w) or return no_process($id) }
    else { open($in_r, '<', '/dev/null') or return no_process($id) }
    if ($flags & $HIDDEN || length $text > $ARGUMENT) { pipe($script_r, $script_w) or return no_process($id) }
    my $ahead = $script_w && length $text < $IN_PIPE && -e '/dev/fd/0';
    if ($ahead) { syswrite($script_w, "exec 9<&-\n$text\n"); undef $script_w }
    my $pid = fork;
    return no_process($id) if !defined $pid;
    if (!$pid) {
        if ($terminal) {
            POSIX::setsid();
            open($in_r, '+<', $terminal) or POSIX::_exit(126);    # a leader of a session without one: now it is its terminal
            ($out_w, $err_w) = ($in_r, $in_r);
            $ENV{TERM} = 'vt100';
        }
        else { setpgrp(0, 0) }
        $SIG{$_} = 'DEFAULT' for qw(PIPE CHLD);
        # Descriptor 9 is wanted for the text: whatever stands there moves first.
        my @from = map { fileno($_) == 9 ? fcntl($_, F_DUPFD, 10) : fileno($_) } grep { defined } $in_r, $out_w, $err_w, $script_r;
        my @to = (0, 1, 2, 9);
        POSIX::dup2($from[$_], $to[$_]) for 0 .. $#from;
        while (@env) { my ($name, $value) = splice(@env, 0, 2); $ENV{$name} = $value }
        my @argv = !$script_r ? ('-c', $text) : $ahead ? ('/dev/fd/9') : ('-c', $THROUGH_PIPE);
        exec {'/bin/sh'} 'sh', @argv or POSIX::_exit(127);
    }
    my %new = (pid => $pid, out => $out_r, err => $err_r, read => $flags & $READ, pty => $terminal, since => 0, kill => 0);
    if ($in_w) { nonblocking($in_w); @new{qw(in queue more)} = ($in_w, "", 1) }
    if ($script_w) { nonblocking($script_w); @new{qw(script text)} = ($script_w, "$text\n#whole") }
    $job{$id} = \%new;
    feed_script(\%new) if $script_w;
}

sub no_process { say_frame('E', $_[0], "no new process on this host: $!\n"); say_frame('X', $_[0], pack("n n", 126, 0)) }

# A terminal as sshd would give it, 80 by 24: its master, and the name of its other end.
sub terminal {
    open(my $master, '+<', '/dev/ptmx') or return;
    my ($unlocked, $number, $size) = (pack("i", 0), pack("i", 0), pack("S4", 24, 80, 0, 0));
    ioctl($master, $TIOCSPTLCK, $unlocked) && ioctl($master, $TIOCGPTN, $number) && ioctl($master, $TIOCSWINSZ, $size) or return;
    return ($master, "/dev/pts/" . unpack("i", $number));
}

sub feed_script {
    my ($one) = @_;
    my $n = syswrite($one->{script}, $one->{text});
    if (defined $n) { substr($one->{text}, 0, $n, "") }
    elsif ($! != EAGAIN && $! != EINTR) { $one->{text} = "" }
    delete $one->{script} if $one->{text} eq "";
}

sub feed_input {
    my ($id, $one) = @_;
    my $n = syswrite($one->{in}, $one->{queue});
    if (defined $n) { substr($one->{queue}, 0, $n, ""); say_frame('K', $id, pack("N", $n)) }
    elsif ($! != EAGAIN && $! != EINTR) { refuse_input($id, $one) }
    close_input($one) if $one->{in} && $one->{queue} eq "" && !$one->{more};
}

sub close_input { my ($one) = @_; delete $one->{in} }

# The command reads no more: what is sent still is credited and dropped.
sub refuse_input {
    my ($id, $one) = @_;
    say_frame('K', $id, pack("N", length $one->{queue}));
    $one->{queue} = "";
    close_input($one);
}

sub terminate {
    my ($one) = @_;
    return if exists $one->{status};
    kill 'TERM', -$one->{pid};
    $one->{kill} ||= now() + $KILL_AFTER;
}

sub handle {
    my ($kind, $id, $data) = @_;
    my $one = $job{$id};
    if ($kind eq 'R') {
        my $read = ord($data) & $READ;
        if (!$read) { drop_waiting() }
        if ($read && readers() >= $slots) { push @waiting, [$id, $data] }
        else { begin($id, $data) }
    }
    elsif ($kind eq 'I') {
        if ($one && $one->{in}) { $one->{queue} .= $data }
        else { say_frame('K', $id, pack("N", length $data)) }
    }
    elsif ($kind eq 'Z') {
        if ($one && $one->{in}) {
            $one->{queue} .= "\4" if $one->{pty};    # a terminal's input ends with a sign
            $one->{more} = 0;
            close_input($one) if $one->{queue} eq "";
        }
    }
    elsif ($kind eq 'T') { terminate($one) if $one }
    elsif ($kind eq 'C') {
        my ($other, $boot) = unpack("N/a* N/a*", $data);
        my $found = $boot eq boot_id() ? claim($other, $id) : "unknown";
        clear_room($other) if $other =~ m{/pacsmith-shell-[0-9a-f]+\z};
        say_frame('C', $id, $found);
    }
    elsif ($kind eq 'Q') { clear_room($room) if $room ne ""; $room = ""; say_frame('Q', 0, ""); connection_lost() }
}

sub readers { return scalar grep { $_->{read} && !exists $_->{status} } values %job }

# A change is on its way: an answer that was not begun would be of yesterday.
sub drop_waiting { say_frame('X', $_->[0], pack("n n", 0, 1)) for splice @waiting }

sub boot_id {
    open(my $file, '<', '/proc/sys/kernel/random/boot_id') or return "";
    my $id = <$file> // "";
    chomp $id;
    return $id;
}

sub take_input {
    my $n = sysread(STDIN, $input, $CHUNK, length $input);
    return if !defined $n && $! == EINTR;
    return connection_lost() if !$n;
    while (!$lost && length $input >= 9) {
        my ($kind, $id, $size) = unpack("a N N", $input);
        last if length($input) < 9 + $size;
        my $data = substr($input, 9, $size);
        substr($input, 0, 9 + $size, "");
        handle($kind, $id, $data);
    }
}

# A command whose input was cut off must not take the rest for all of it, and nobody wants a read any more; a terminal
# hangs up. The others may finish, as under plain sshd.
sub connection_lost {
    $lost = 1;
    @waiting = ();
    for my $one (values %job) {
        if ($one->{pty}) { delete @$one{qw(out in)} }
        elsif ($one->{read} || $one->{in} && $one->{more}) { terminate($one) }
    }
}

sub take_output {
    my ($id, $one, $which) = @_;
    my $n = sysread($one->{$which}, my $data, $CHUNK);
    return if !defined $n && ($! == EINTR || $! == EAGAIN);
    if ($n) { say_frame($which eq 'out' ? 'O' : 'E', $id, $data) }
    else { delete $one->{$which} }
}

sub reap {
    my ($id, $one) = @_;
    if (!exists $one->{status}) {
        my $spins = $one->{out} || $one->{err} ? 1 : 20;    # both ends closed: it is dying this very moment
        while ($spins--) {
            if (waitpid($one->{pid}, WNOHANG) == $one->{pid}) { @$one{qw(status since)} = ($?, now()); last }
            select(undef, undef, undef, 0.0005) if $spins;
        }
    }
    return if !exists $one->{status};
    my $open = $one->{out} || $one->{err};
    return if $open && now() - $one->{since} < $LINGER;
    my $code = $one->{status} & 127 ? 128 + ($one->{status} & 127) : $one->{status} >> 8;
    push @draining, grep { defined } @$one{qw(out err)};    # closing them would kill who still writes
    delete $job{$id};
    say_frame('X', $id, pack("n n", $code, $open ? 4 : 0));
    begin(@{ shift @waiting }) while @waiting && readers() < $slots;
}

sub turn {
    my ($read, $write) = ("", "");
    vec($read, fileno(STDIN), 1) = 1 if !$lost;
    my ($wait, $busy) = (60, 0);
    for my $one (values %job) {
        for (qw(out err)) { vec($read, fileno($one->{$_}), 1) = 1 if $one->{$_} }
        vec($write, fileno($one->{in}), 1) = 1 if $one->{in} && $one->{queue} ne "";
        vec($write, fileno($one->{script}), 1) = 1 if $one->{script};
        $wait = 1 if $wait > 1;
        $wait = 0.01 if !$one->{out} && !$one->{err} && !$lost;
        $wait = 0.1 if $wait > 0.1 && exists $one->{status};
        if ($one->{kill} && now() >= $one->{kill} && !exists $one->{status}) { kill 'KILL', -$one->{pid}; $one->{kill} += 60 }
    }
    vec($read, fileno($_), 1) = 1 for @draining;
    my $found = select($read, $write, undef, $wait);
    if ($found > 0) {
        for my $id (keys %job) {
            my $one = $job{$id};
            for (qw(out err)) { take_output($id, $one, $_) if $one->{$_} && vec($read, fileno($one->{$_}), 1) }
            feed_input($id, $one) if $one->{in} && $one->{queue} ne "" && vec($write, fileno($one->{in}), 1);
            feed_script($one) if $one->{script} && vec($write, fileno($one->{script}), 1);
        }
        @draining = grep { !vec($read, fileno($_), 1) || sysread($_, my $gone, $CHUNK) } @draining;
        take_input() if !$lost && vec($read, fileno(STDIN), 1);
    }
    for my $id (keys %job) { reap($id, $job{$id}) if $job{$id} }
}

syswrite(STDOUT, "\npacsmith-shell-$token\n");
say_frame('H', 0, pack("(N/a*)*", $room, boot_id(), $ENV{SSH_CONNECTION} // "", "$>"));
turn() while !$lost || %job;
1;
